import FoundationEssentials

/// Calls to a peer that speaks JSON over HTTP: what fails is told as what to do next (DESIGN 5).
///
/// A reason holds what the peer said, without our key, without personal data and without what a
/// citizen wrote.
package struct JSONCalls: Sendable {
    private let wire: Wire
    private let headers: [Wire.Header]
    private let redaction: Redaction
    /// What an answer means that is no success; the ones of this kind of peer come first.
    private let judge: Judge

    /// What this kind of peer means by an answer; `nil` if the status says all.
    package typealias Judge = @Sendable (Wire.Call, Wire.Reply) -> PeerError.Kind?

    /// `headers` go with each call. What is hidden besides `secrets` is what the message says.
    package init(
        over wire: Wire, headers: [Wire.Header], hiding secrets: [String],
        telling message: Message? = nil, judge: @escaping Judge = { _, _ in nil }
    ) {
        self.wire = wire
        self.headers = headers
        redaction = Redaction(hiding: secrets + (message?.personalTexts ?? []))
        self.judge = judge
    }

    /// What the answer of a GET says.
    package func get<Answer: Decodable>(
        _ address: String, as type: Answer.Type = Answer.self
    ) async throws(PeerError) -> Answer {
        let call = Wire.Call("GET", address)
        return try read(try await reply(to: call), of: call)
    }

    /// A call with a document in its body.
    package func call(
        _ method: String, _ address: String, _ body: some Encodable,
        headers: [Wire.Header] = [], patience: Duration = .seconds(60)
    ) -> Wire.Call {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // What we send holds texts and finite numbers only, so there is nothing it could not write.
        let bytes = (try? encoder.encode(body)).map { Array($0) } ?? []
        return Wire.Call(
            method, address,
            headers: [Wire.Header("Content-Type", "application/json")] + headers, body: bytes,
            patience: patience)
    }

    /// The answer to a call if its status is a success; throws what is to be done if it is not.
    package func reply(to call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        let reply = try await anyReply(to: call)
        guard (200..<300).contains(reply.status) else { throw failure(reply, to: call) }
        return reply
    }

    /// The answer to a call, whatever its status.
    package func anyReply(to call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        var call = call
        call.headers = headers + call.headers
        return try await wire.send(call)
    }

    /// What the body of a success says; one that nobody understands leaves it open whether the call
    /// changed something.
    package func read<Answer: Decodable>(
        _ reply: Wire.Reply, of call: Wire.Call, as type: Answer.Type = Answer.self
    ) throws(PeerError) -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(reply.body))
        } catch {
            let isPage = reply.body.first { $0 > 0x20 } == UInt8(ascii: "<")
            throw PeerError(
                call.changesNothing ? .later(nil) : .ambiguous,
                "answered \(reply.status) with \(isPage ? "a web page" : "what cannot be read")",
                status: reply.status)
        }
    }

    /// What an answer means that is no success.
    package func failure(_ reply: Wire.Reply, to call: Wire.Call) -> PeerError {
        PeerError(
            judge(call, reply) ?? reply.failure(of: call),
            "answered \(reply.status)\(said(in: reply))", status: reply.status)
    }

    /// A text of the peer's as it may be shown.
    package func shown(_ text: String, most: Int = 300) -> String {
        redaction.text(text, most: most)
    }

    private func said(in reply: Wire.Reply) -> String {
        guard reply.body.count <= 4096, reply.body.first != UInt8(ascii: "<"),
            let text = String(validating: reply.body, as: UTF8.self),
            text.contains(where: { !$0.isWhitespace })
        else { return "" }
        return ": " + shown(text)
    }
}

extension Wire.Call {
    /// Whether it may be made any number of times.
    package var changesNothing: Bool { ["GET", "HEAD", "OPTIONS"].contains(method) }
}

extension Wire.Reply {
    /// What the status of an answer means that is no success, if the kind of peer says nothing else.
    ///
    /// A server that broke down while it changed something may have done it (backoffice.md 2, rules 2
    /// and 10).
    package func failure(of call: Wire.Call) -> PeerError.Kind {
        let unknown: PeerError.Kind = call.changesNothing ? .later(retryAfter) : .ambiguous
        return switch status {
        case 301, 302, 303, 307, 308, 401, 403: .forbidden
        case 408, 425, 429, 503: .later(retryAfter)
        case 400..<500: .refused
        default: unknown
        }
    }
}
