import Federation
import Foundation
import Roundup

extension RoundupSettings {
    /// What a peer's file says of a Roundup: below `roundup` the account's name and what properties
    /// are called (its README); its password is the key of the file.
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        let address = entry.base()
        if entry.apiKey == nil {
            entry.findings.add(
                "is missing; write the file with the account's password",
                line: entry.address.line, key: "api_key_file")
        }
        guard var own = entry.own else {
            entry.findings.add(
                "is missing; write user and fields below it", line: entry.address.line,
                key: "roundup")
            return nil
        }
        let user = own.required("user", "the account's name", &entry.findings)?
            .name({ $0.contains(":") ? nil : $0 }, "needs no colon", &entry.findings)
        let fields = own.required(
            "fields", "the names of properties, at least external_id", &entry.findings
        ).flatMap { self.fields($0, &entry.findings) }
        entry.own = own
        guard let address, let password = entry.apiKey, let user, let fields else { return nil }
        let settings = RoundupSettings(
            address: address, user: user, password: password.value, fields: fields,
            flow: entry.flow, polling: entry.polling)
        // What is sent is not the password itself.
        let sent = Data("\(user):\(password.value)".utf8).base64EncodedString()
        return AdapterChoice(address: address, secrets: [Secret(sent)], words: PeerWords()) { _ in
            RoundupAdapter(settings)
        }
    }

    private static func fields(_ entry: Entry, _ findings: inout Findings) -> Fields? {
        guard var keys = entry.keys(&findings) else { return nil }
        let reference = keys.required(
            "external_id", "the property that holds our id", &findings)
        func name(_ key: String) -> String? {
            keys.optional(key)?.name(
                Self.property, "needs a property's name: a letter, then letters, digits and _",
                &findings)
        }
        let externalID = reference?.name(
            Self.property, "needs a property's name: a letter, then letters, digits and _",
            &findings)
        guard let externalID else { return nil }
        let fields = Fields(
            externalID: externalID, latitude: name("latitude"), longitude: name("longitude"),
            address: name("address"), service: name("service"), public: name("public"))
        keys.finish(&findings)
        return fields
    }

    private static func property(_ text: String) -> String? {
        let isName =
            text.first?.isLetter == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return isName ? text : nil
    }
}
