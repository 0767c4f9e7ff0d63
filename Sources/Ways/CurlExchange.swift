import CLibCurl
import FoundationEssentials
import Synchronization

/// One exchange while libcurl is at it: a class, because its callbacks write into it.
///
/// Sendable, because only the thread that runs it touches anything but `isCancelled`, and nobody
/// looks at the outcome before it has ended.
final class CurlExchange: @unchecked Sendable {
    let request: CurlRequest
    var outcome = CurlOutcome()
    private var sent = 0
    /// Whether all that matters was said: libcurl takes its leave before it tells how it went.
    private var isLeaving = false
    let isCancelled = Atomic(false)

    init(_ request: CurlRequest) {
        self.request = request
    }

    /// Ends the exchange soon, from any thread.
    func cancel() {
        isCancelled.store(true, ordering: .relaxed)
    }

    private static let began = curl_global_init(Int(CURL_GLOBAL_ALL))

    /// Does the whole exchange; blocks the thread until it is over.
    func run() -> CurlOutcome {
        guard Self.began == CURLE_OK, let easy = curl_easy_init() else {
            outcome.code = CURLE_FAILED_INIT.rawValue
            return outcome
        }
        defer { curl_easy_cleanup(easy) }
        var recipients: UnsafeMutablePointer<curl_slist>?
        if let mail = request.mail { recipients = curl_slist_append(nil, mail.to) }
        defer { curl_slist_free_all(recipients) }
        set(easy, recipients)
        outcome.code = curl_easy_perform(easy).rawValue
        var status = 0
        if curl_get_number(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK {
            outcome.status = status
        }
        if outcome.code == CURLE_OK.rawValue, !request.dialogue.isEmpty { converse(easy) }
        return outcome
    }

    private func set(
        _ easy: UnsafeMutableRawPointer, _ recipients: UnsafeMutablePointer<curl_slist>?
    ) {
        curl_set_text(easy, CURLOPT_URL, request.address)
        curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps,imap,imaps")
        curl_set_number(easy, CURLOPT_NOSIGNAL, 1)
        curl_set_text(easy, CURLOPT_PROXY, "")
        // Another exchange begins with another connection: libcurl would send again what it thinks
        // was lost with an old one.
        curl_set_number(easy, CURLOPT_FRESH_CONNECT, 1)
        curl_set_number(easy, CURLOPT_FORBID_REUSE, request.dialogue.isEmpty ? 1 : 0)
        curl_set_number(easy, CURLOPT_CONNECT_ONLY, request.dialogue.isEmpty ? 0 : 1)
        curl_set_number(easy, CURLOPT_SSL_VERIFYPEER, 1)
        curl_set_number(easy, CURLOPT_SSL_VERIFYHOST, 2)
        if let authorities = request.authorities {
            curl_set_text(easy, CURLOPT_CAINFO, authorities)
        }
        let encryption = request.encryption == .required ? CURLUSESSL_ALL : CURLUSESSL_NONE
        curl_set_number(easy, CURLOPT_USE_SSL, Int(encryption.rawValue))
        if let account = request.account {
            curl_set_text(easy, CURLOPT_USERNAME, account.user)
            curl_set_text(easy, CURLOPT_PASSWORD, account.password)
        }
        let time = max(1, Int(request.patience / .milliseconds(1)))
        curl_set_number(easy, CURLOPT_TIMEOUT_MS, time)
        curl_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, min(time, 20_000))
        // The longest line that libcurl takes whole is as long as this.
        curl_set_number(easy, CURLOPT_BUFFERSIZE, 512 << 10)
        if let command = request.command { curl_set_text(easy, CURLOPT_CUSTOMREQUEST, command) }
        if let mail = request.mail {
            curl_set_text(easy, CURLOPT_MAIL_FROM, "<\(mail.from)>")
            curl_set_list(easy, CURLOPT_MAIL_RCPT, recipients)
            curl_set_number(easy, CURLOPT_UPLOAD, 1)
            curl_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(mail.bytes.count))
        }
        setCallbacks(easy)
    }

    private func setCallbacks(_ easy: UnsafeMutableRawPointer) {
        // The exchange outlives the call to libcurl, which is over before `run` returns.
        let own = Unmanaged.passUnretained(self).toOpaque()
        for option in [
            CURLOPT_READDATA, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_XFERINFODATA,
            CURLOPT_DEBUGDATA,
        ] { curl_set_pointer(easy, option, own) }
        curl_set_stream(easy, CURLOPT_READFUNCTION) { room, size, count, own in
            CurlExchange.of(own)?.give(room, size * count) ?? 0
        }
        curl_set_stream(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, own in
            CurlExchange.of(own)?.take(bytes, size * count, into: \.body) ?? 0
        }
        curl_set_stream(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, own in
            CurlExchange.of(own)?.take(bytes, size * count, into: \.lines) ?? 0
        }
        curl_set_number(easy, CURLOPT_NOPROGRESS, 0)
        curl_set_progress(easy) { own, _, _, _, _ in
            CurlExchange.of(own)?.isCancelled.load(ordering: .relaxed) == true ? 1 : 0
        }
        curl_set_number(easy, CURLOPT_VERBOSE, 1)
        curl_set_debug(easy) { _, kind, bytes, count, own in
            if kind == CURLINFO_HEADER_OUT { CurlExchange.of(own)?.note(bytes, count) }
            return 0
        }
    }

    private static func of(_ own: UnsafeMutableRawPointer?) -> CurlExchange? {
        own.map { Unmanaged<CurlExchange>.fromOpaque($0).takeUnretainedValue() }
    }
}

extension CurlExchange {
    /// Gives the next bytes of the mail.
    private func give(_ room: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let room, let bytes = request.mail?.bytes else { return 0 }
        outcome.hasBegun = true
        let part = bytes[sent..<min(sent + count, bytes.count)]
        let target = UnsafeMutableRawBufferPointer(start: room, count: count)
        target.copyBytes(from: part)
        sent += part.count
        return part.count
    }

    /// Keeps what came; what is too much ends the exchange.
    private func take(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int,
        into place: WritableKeyPath<CurlOutcome, [UInt8]>
    ) -> Int {
        guard let bytes, !outcome.isTooLong else { return 0 }
        guard !isLeaving else { return count }
        // What is said before and after what was asked for is short.
        guard outcome[keyPath: place].count + count <= request.most + 65_536 else {
            outcome.isTooLong = true
            return 0
        }
        outcome[keyPath: place] += UnsafeRawBufferPointer(start: bytes, count: count)
        return count
    }

    /// Keeps the word with which a command began, behind an IMAP tag; never what follows it.
    private func note(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) {
        guard let bytes else { return }
        let words = UnsafeRawBufferPointer(start: bytes, count: min(count, 64))
            .split(separator: UInt8(ascii: " "), maxSplits: 2).prefix(2)
            .map { String(decoding: $0, as: UTF8.self).trimmingPrefix { $0.isWhitespace } }
            .map { $0.prefix { $0.isLetter }.uppercased() }
        guard let verb = words.first(where: Self.verbs.contains) else { return }
        isLeaving = verb == "QUIT" || verb == "LOGOUT"
        if !isLeaving { outcome.verb = verb }
    }

    private static let verbs: Set = [
        "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "VRFY", "NOOP", "QUIT",
        "CAPABILITY", "AUTHENTICATE", "LOGIN", "SELECT", "STATUS", "UID", "CREATE", "LOGOUT",
    ]
}
