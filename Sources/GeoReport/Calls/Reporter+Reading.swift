import Reports

extension Reporter {
    /// Reads who reports; everything may be absent (GR-6.1).
    init(reading reader: inout TextReader, _ problems: inout Problems) {
        self.init(
            email: Self.email(reader.text(&problems, "email"), &problems),
            firstName: Self.name(reader.text(&problems, as: .name, "first_name")),
            lastName: Self.name(reader.text(&problems, as: .name, "last_name")),
            phone: Self.phone(reader.text(&problems, "phone"), &problems),
            deviceID: reader.text(&problems, "device_id", "deviceid"),
            accountID: reader.text(&problems, "account_id"))
    }

    /// FixMyStreet writes `-` for a name that was not given.
    private static func name(_ text: String?) -> String? {
        text == "-" ? nil : text
    }

    /// One address as a mail program takes it; nothing that could begin another header or another
    /// recipient (bad input 76).
    private static func email(_ text: String?, _ problems: inout Problems) -> String? {
        guard let text else { return nil }
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        let isAddress =
            text.utf8.count <= 254 && halves.count == 2
            && halves.allSatisfy { !$0.isEmpty } && halves[0].utf8.count <= 64
            && text.unicodeScalars.allSatisfy(isAllowedInEmail)
        guard isAddress else {
            problems.add("email is not one e-mail address")
            return nil
        }
        return text
    }

    private static func isAllowedInEmail(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ..<"!", "\u{7F}"..."\u{9F}", "\"", "(", ")", ",", ":", ";", "<", ">", "[", "\\", "]":
            false
        default:
            !scalar.properties.isWhitespace && scalar.properties.generalCategory != .format
        }
    }

    /// Digits and what people write between them (bad input 77).
    private static func phone(_ text: String?, _ problems: inout Problems) -> String? {
        guard let text else { return nil }
        let digits = text.utf8.count { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let isNumber =
            (3...20).contains(digits) && text.utf8.count <= 40
            && text.unicodeScalars.allSatisfy { "0123456789+-./() ".unicodeScalars.contains($0) }
        guard isNumber else {
            problems.add("phone is not a telephone number of 3 to 20 digits")
            return nil
        }
        return text
    }
}
