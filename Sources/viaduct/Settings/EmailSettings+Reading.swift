import Email
import Federation
import Foundation
import Mail
import Reports
import Ways

extension EmailSettings {
    /// What a peer's file says of a department that is reached by mail: the mail server is its
    /// `address`, the password its `api_key_file`, and the rest stands below `email` (its README).
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        let smtp = entry.address.mailServer(["smtp", "smtps"], &entry.findings)
        let place = entry.address
        guard var own = entry.own else {
            entry.findings.add(
                "is missing; write `email:` with from, to and secret_file",
                line: place.line, key: "email")
            return nil
        }
        defer { entry.own = own }
        let from = own.required("from", "the address that mails come from", &entry.findings)?
            .mailbox(&entry.findings)
        let secret = own.required(
            "secret_file", "a file with a line of at least 24 random characters", &entry.findings)
        let code = secret?.secret(from: entry.directory, &entry.findings)
        let key = code.flatMap { TokenKey($0.value) }
        if code != nil, key == nil, let secret {
            entry.findings.add(
                "holds a secret of fewer than 24 bytes; make a longer one", at: secret)
        }
        let to = own.optional("to")?.mailbox(&entry.findings)
        guard let smtp, var from, let key, let code else { return nil }
        from.name = own.optional("from_name")?.text(&entry.findings)
        var settings = EmailSettings(peer: entry.name, smtp: smtp, from: from, to: to, key: key)
        settings.read(&own, &entry.findings)
        settings.reach = entry.polling.sweep ?? settings.reach
        settings.readMailbox(&own, isWanted: entry.flow.contains(.updatesIn), &entry)
        var way = MailWay.Settings(smtp: smtp)
        way.imap = settings.mailbox?.address
        way.user = own.optional("user")?.text(&entry.findings)
        way.password = entry.apiKey?.value
        way.staysInClear =
            own.optional("tls")?.choice(of: ["required", "none"], &entry.findings) == "none"
        way.authorities = own.optional("ca_file")?.text(&entry.findings).map {
            $0.hasPrefix("/") ? $0 : entry.directory + "/" + $0
        }
        settings.secrets = [code.value] + [entry.apiKey?.value].compactMap { $0 }
        let ways = MailWay(way)
        return AdapterChoice(
            address: smtp, way: .own { ways.wire }, answerKey: settings.answers == nil ? nil : key,
            secrets: [code], words: words
        ) { [settings] _ in EmailAdapter(settings) }
    }

    /// Words of mails are ours, in small letters; what people write is made of them by the adapter.
    private static var words: PeerWords {
        var words = PeerWords()
        for detail in Detail.allCases {
            let word = detail.rawValue.lowercased()
            words.statusesOut[detail] = word
            words.statusesIn[Mapping.StatusWord(word)] = Mapping.Meaning(
                detail: detail,
                verdict: detail == .notCouncilsResponsibility ? .refuses : .handles)
        }
        return words
    }

    private mutating func read(_ own: inout Keys, _ findings: inout Findings) {
        if let replies = own.optional("replies")?.mailbox(&findings) { self.replies = replies }
        for sender in own.optional("senders").map({ $0.list(&findings) }) ?? [] {
            guard let text = sender.text(&findings) else { continue }
            if Mailbox(text.hasPrefix("@") ? "any" + text : text) == nil {
                findings.add("needs an e-mail address, or @ and a host", at: sender)
            }
            senders.insert(text.lowercased())
        }
        let languages = EmailLanguage.allCases.map(\.rawValue)
        if let word = own.optional("language")?.choice(of: languages, &findings) {
            language = EmailLanguage(rawValue: word) ?? language
        }
        mostBytes =
            own.optional("most_bytes")?.integer(in: 65_536...(1 << 30), &findings) ?? mostBytes
        let numbers = Numbers.allCases.map(\.rawValue)
        if let word = own.optional("numbers")?.choice(of: numbers, &findings) {
            self.numbers = Numbers(rawValue: word) ?? self.numbers
        }
        answers = own.optional("answer_links")?.base(&findings).map { String($0.dropLast()) }
        let advice = "is no time zone; write one such as Europe/Belgrade"
        zone = own.optional("zone")?.name({ TimeZone(identifier: $0) }, advice, &findings) ?? zone
    }

    private mutating func readMailbox(
        _ own: inout Keys, isWanted: Bool, _ entry: inout AdapterEntry
    ) {
        let folder = own.optional("folder")?.folder(&entry.findings)
        let taken = own.optional("taken")?.folder(&entry.findings)
        guard let imap = own.optional("imap") else {
            guard isWanted else { return }
            entry.findings.add(
                "is missing; flow names updates_in, so write where answers are read: imaps://host:993",
                line: own.entry.line, key: own.entry.key + ".imap")
            return
        }
        guard let address = imap.mailServer(["imap", "imaps"], &entry.findings) else { return }
        mailbox = Box(address: address)
        mailbox?.folder = folder ?? "INBOX"
        mailbox?.taken = taken
    }
}

extension Entry {
    /// An e-mail address, or `nil` with a finding.
    fileprivate func mailbox(_ findings: inout Findings) -> Mailbox? {
        name({ Mailbox($0) }, "needs an e-mail address such as reports@example.org", &findings)
    }

    /// A folder by a name that needs no encoding anywhere; `nil` with a finding.
    fileprivate func folder(_ findings: inout Findings) -> String? {
        let isPlain: (UInt8) -> Bool = { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || "._/-".utf8.contains(byte)
        }
        return name(
            { $0.utf8.allSatisfy(isPlain) ? $0 : nil },
            "needs a folder's name of letters, digits, `.`, `/`, `_` and `-`", &findings)
    }

    /// The address of a server of one of these schemes, with its port and nothing behind it; `nil`
    /// with a finding.
    fileprivate func mailServer(_ schemes: [String], _ findings: inout Findings) -> String? {
        let ports = ["smtp": 587, "smtps": 465, "imap": 143, "imaps": 993]
        let read: (String) -> String? = { text in
            guard let parts = URLComponents(string: text), let scheme = parts.scheme,
                schemes.contains(scheme), let host = parts.host, !host.isEmpty, parts.user == nil,
                parts.password == nil, ["", "/"].contains(parts.path), parts.query == nil,
                parts.fragment == nil
            else { return nil }
            return "\(scheme)://\(host):\(parts.port ?? ports[scheme] ?? 0)"
        }
        let example = "\(schemes.last ?? "")://mail.example.org"
        return name(
            read, "needs an address such as \(example), without a name or password in it",
            &findings)
    }
}
