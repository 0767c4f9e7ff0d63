import NIOCore

/// One whole HTTP request that the edge let in: its head judged, its body complete.
package struct EdgeRequest: Sendable {
    package let method: Method
    /// Still percent-encoded: it is split on `/` before anything is decoded (GR-21).
    package let path: String
    package let query: String?
    package let fields: Fields
    package let body: [UInt8]
    /// Who asks: whoever is connected, or whom a trusted proxy names; empty if there is no socket.
    package let address: String

    package init(
        method: Method, path: String, query: String? = nil, fields: Fields = Fields(),
        body: [UInt8] = [], address: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.address = address
    }

    /// The methods that some resource of ours has, and the rest.
    package enum Method: Sendable, Equatable {
        case get
        case head
        case post
        case delete
        case options
        case other
    }
}

/// The header fields that mean something to us; the others are never looked at again.
package struct Fields: Sendable, Equatable {
    package var host: String?
    package var accept: String?
    package var acceptLanguage: String?
    package var apiKey: String?
    package var authorization: String?
    package var contentEncoding: String?
    package var contentLength: String?
    package var contentType: String?
    package var expect: String?
    package var idempotencyKey: String?
    package var ifNoneMatch: String?
    package var requestID: String?
    package var forwarded: String?
    package var forwardedFor: String?
    package var forwardedProtocol: String?
    package var traceparent: String?
    package var trailer: String?
    package var transferEncoding: String?
    package var upgrade: String?
    package var viaductOrigin: String?
    package var viaductPath: String?
    package var viaductProtocol: String?
    package var webhookID: String?
    package var webhookTimestamp: String?
    package var webhookSignature: String?

    package init() {}
}

/// What a request is answered with.
package struct EdgeResponse: Sendable {
    package var status: Int
    /// Without those of the connection itself (`Date`, `Content-Length`, `Connection`).
    package var headers: [(name: String, value: String)]
    package var body: Body
    /// Whether only the length of the body is told (HEAD).
    package var omitsBody = false
    /// The report that was made, for the log.
    package var report: String?

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The content, in memory or on disk.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// The same, in a form that many connections send without a copy of their own.
        case shared(ByteBuffer)
        /// A file, sent without being read into memory.
        case file(path: String)
        /// What comes bit by bit, for as long as it comes.
        case pieces(AsyncStream<[UInt8]>)
    }

    /// The value of a header, the first of that name.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The bytes that a client receives; empty for a file and for HEAD.
    package var bytes: [UInt8] {
        guard !omitsBody else { return [] }
        return switch body {
        case .bytes(let bytes): bytes
        case .shared(let buffer): Array(buffer.readableBytesView)
        case .file, .pieces: []
        }
    }

    /// How many bytes the body has, sent or not, if it is in memory.
    package var length: Int? {
        switch body {
        case .bytes(let bytes): bytes.count
        case .shared(let buffer): buffer.readableBytes
        case .file, .pieces: nil
        }
    }
}
