import GeoReport
import NIOHTTP1

/// The judgement of a request's head, before any of its body is read (H2).
package enum Edge {
    /// How much of a request is taken (reliability 2.2).
    package struct Limits: Sendable {
        /// Bytes of the request's target.
        package var target = 8 << 10
        /// Bytes of one header field, and of all together.
        package var field = 8 << 10
        package var fields = 16 << 10
        package var fieldCount = 100
        /// Bytes of a form or JSON body.
        package var body = 256 << 10
        /// Bytes of a multipart body.
        package var multipart = 25 << 20

        package init() {}
    }

    /// A head that was let in, and how its body is to be read.
    package struct Admission: Sendable {
        package let method: EdgeRequest.Method
        package let path: String
        package let query: String?
        package let fields: Fields
        package let bodyLimit: Int
        /// Bytes of the body as announced; `nil` if it comes in chunks.
        package let bodyLength: Int?
        /// How long all of the body may take.
        package let bodyTime: Duration
        package let interim: Interim
        /// Whether another request may follow on the same connection.
        package let connection: Connection

        /// Whether the client waits for leave to send its body.
        package enum Interim: Sendable { case none, wanted }
        package enum Connection: Sendable { case stays, closes }

        /// The whole request, once its body is there.
        package func request(body: [UInt8], address: String) -> EdgeRequest {
            EdgeRequest(
                method: method, path: path, query: query, fields: fields, body: body,
                address: address)
        }
    }

    /// Judges a head; what it throws is answered, and then the connection is closed.
    package static func judge(
        _ head: HTTPRequestHead, limits: Limits = Limits()
    ) throws(Fault) -> Admission {
        guard head.uri.utf8.count <= limits.target else {
            throw Fault(
                .transport(status: 414), "The address is longer than \(limits.target) bytes.")
        }
        // The decoder lets 0.9 and 2.0 pass, which frame their messages otherwise (row 5).
        guard head.version == .http1_1 || head.version == .http1_0 else {
            throw Fault(.malformed, "The version of HTTP is neither 1.1 nor 1.0.")
        }
        let fields = try Fields(reading: head.headers, limits: limits)
        let method = try method(head.method)
        try checkHost(fields, version: head.version)
        let target = try Target(parsing: head.uri, method: method, host: fields.host)
        let limit = bodyLimit(fields, limits)
        let length = try bodyLength(fields, version: head.version)
        let isTooLarge = (length ?? 0) > limit
        let interim = try interim(fields, isTooLarge: isTooLarge, version: head.version)
        if isTooLarge { throw tooLarge(limit) }
        // The decoder reads nothing behind a request that asks for an upgrade.
        let stays = head.isKeepAlive && fields.upgrade == nil
        return Admission(
            method: method, path: target.path, query: target.query, fields: fields,
            bodyLimit: limit, bodyLength: length,
            bodyTime: bodyTime(length, limit: limit, limits: limits),
            interim: interim, connection: stays ? .stays : .closes)
    }

    /// What a body over the limit is answered with, wherever that is noticed.
    package static func tooLarge(_ limit: Int) -> Fault {
        Fault(.tooLarge, "The body is longer than \(limit) bytes.")
    }

    private static func method(_ method: HTTPMethod) throws(Fault) -> EdgeRequest.Method {
        switch method {
        case .GET: .get
        case .HEAD: .head
        case .POST: .post
        case .OPTIONS: .options
        case .DELETE: .delete
        case .PUT, .PATCH: .other
        case .TRACE, .CONNECT:
            throw Fault(
                .methodNotAllowed(Route.readers), "\(method.rawValue) is not answered here.")
        default:
            throw Fault(.transport(status: 501), "The method is not known here.")
        }
    }

    /// RFC 9112, 3.2: exactly one, and only a name or an address with a port.
    private static func checkHost(_ fields: Fields, version: HTTPVersion) throws(Fault) {
        guard let host = fields.host else {
            if version == .http1_1 { throw Fault(.malformed, "Host was not provided (required).") }
            return
        }
        guard HostName.isValid(host) else {
            throw Fault(.malformed, "Host is not a name or an address with a port.")
        }
    }

    private static func bodyLimit(_ fields: Fields, _ limits: Limits) -> Int {
        guard let type = fields.contentType else { return limits.body }
        let isMultipart = type.prefix(10).lowercased() == "multipart/"
        return isMultipart ? limits.multipart : limits.body
    }

    /// The announced length; `nil` for chunks, which are counted as they come.
    private static func bodyLength(
        _ fields: Fields, version: HTTPVersion
    ) throws(Fault) -> Int? {
        guard fields.trailer == nil else {
            throw Fault(.malformed, "Trailer is not taken: fields belong in front of the body.")
        }
        if let coding = fields.transferEncoding {
            guard fields.contentLength == nil, version == .http1_1 else {
                throw Fault(.malformed, "Transfer-Encoding cannot be combined like that.")
            }
            guard coding.lowercased() == "chunked" else {
                throw Fault(.transport(status: 501), "Transfer-Encoding can only be chunked.")
            }
            return nil
        }
        guard let text = fields.contentLength else { return 0 }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text) else {
            throw Fault(.malformed, "Content-Length is not a number.")
        }
        return length
    }

    private static func interim(
        _ fields: Fields, isTooLarge: Bool, version: HTTPVersion
    ) throws(Fault) -> Admission.Interim {
        guard let expect = fields.expect, version == .http1_1 else { return .none }
        guard expect.lowercased() == "100-continue" else {
            throw Fault(.transport(status: 417), "Expect can only be 100-continue.")
        }
        return isTooLarge ? .none : .wanted
    }

    /// 20 s and a second for each KB, 60 s at most; for photos 1 KB/s, 180 s at most.
    private static func bodyTime(_ length: Int?, limit: Int, limits: Limits) -> Duration {
        let most = limit > limits.body ? 180 : 60
        guard let length else { return .seconds(most) }
        return .seconds(min(20 + length >> 10, most))
    }
}
