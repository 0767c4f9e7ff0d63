import CLibCurl

/// One exchange with a server as libcurl is told of it.
struct CurlRequest: Sendable {
    var address: String
    var account: Account?
    var encryption: Encryption
    /// A file with the certificates of authorities; the system's if there is none.
    var authorities: String?
    /// A command instead of what the address alone means.
    var command: String?
    var mail: Mail?
    /// Commands of SMTP, each sent when the one before was answered, instead of all that libcurl
    /// does after logging in; the first answer that is no success is the last.
    var dialogue: [String] = []
    /// More bytes than this of an answer end the exchange.
    var most: Int
    var patience: Duration

    struct Account: Sendable {
        let user: String
        let password: String
    }

    /// What is sent by SMTP.
    struct Mail: Sendable {
        let from: String
        let to: String
        let bytes: [UInt8]
    }

    /// How nobody between us and the server reads along.
    enum Encryption: Sendable {
        /// STARTTLS, or from the beginning where the address begins with `smtps` or `imaps`.
        case required
        /// As the address has it: for servers on our own machine.
        case none
    }
}

/// What came of an exchange.
struct CurlOutcome: Sendable {
    var code = CURLE_OK.rawValue
    /// The last status that an SMTP server gave; 0 if it gave none.
    var status = 0
    var body: [UInt8] = []
    /// All lines that the server sent, the literals in them too.
    var lines: [UInt8] = []
    /// The word with which our last command began, such as `RCPT`.
    var verb = ""
    /// Whether a first byte of the mail went out.
    var hasBegun = false
    var isTooLong = false

    func failed(with code: CURLcode) -> Bool { self.code == code.rawValue }

    /// What libcurl calls it: a constant text without addresses.
    var reason: String {
        curl_easy_strerror(CURLcode(rawValue: code)).map { String(cString: $0) } ?? "failed"
    }

    /// The last line that the server sent, of at most so many characters.
    func lastLine(most: Int = 300) -> String {
        let line = lines.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }).last ?? []
        return String(String(decoding: line.prefix(4 * most), as: UTF8.self).prefix(most))
    }
}
