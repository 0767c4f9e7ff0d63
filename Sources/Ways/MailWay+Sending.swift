import CLibCurl
import Federation

extension MailWay {
    /// `MAIL` and `VRFY`.
    func send(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        guard call.address == settings.smtp else {
            throw PeerError(.refused, "no mail server of that address is in the settings")
        }
        guard let from = call.header("From"), let to = call.header("To"), Self.isPlain(from),
            Self.isPlain(to)
        else { throw PeerError(.refused, "a mail needs From and To, each with one address") }
        let hello = from.split(separator: "@").last.map(String.init) ?? ""
        var request = request(call, to: "\(call.address)/\(hello)")
        if call.method == "MAIL" {
            request.mail = CurlRequest.Mail(from: from, to: to, bytes: call.body)
        } else {
            request.dialogue = ["MAIL FROM:<\(from)>", "RCPT TO:<\(to)>", "RSET"]
        }
        return try Self.answer(to: await perform(request))
    }

    /// What became of a mail.
    static func answer(to outcome: CurlOutcome) throws(PeerError) -> Wire.Reply {
        let hasAnswer = outcome.status >= 200 && outcome.status != goOn
        if outcome.hasBegun {
            guard hasAnswer else {
                throw PeerError(.ambiguous, "no answer to the mail came: \(outcome.reason)")
            }
            return outcome.reply(outcome.status, at: "DATA")
        }
        let isFine = outcome.code == CURLE_OK.rawValue
        guard hasAnswer, isFine || outcome.status >= 400 else {
            throw PeerError(.later(nil), "the mail server cannot be reached: \(outcome.reason)")
        }
        return outcome.reply(outcome.status, at: outcome.verb)
    }

    /// The status with which a server asks for the mail itself.
    private static let goOn = 354

    private static func isPlain(_ address: String) -> Bool {
        !address.isEmpty
            && address.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && !"<>,;\"\\()".utf8.contains($0)
            }
    }
}

extension CurlOutcome {
    fileprivate func reply(_ status: Int, at stage: String) -> Wire.Reply {
        Wire.Reply(
            status: status, headers: [Wire.Header("Stage", stage)], body: Array(lastLine().utf8))
    }
}

extension Wire.Call {
    /// The first value of a header; names are alike whatever their case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
