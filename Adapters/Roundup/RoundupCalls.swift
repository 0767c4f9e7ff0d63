import Federation
import FoundationEssentials

/// The calls that Roundup's REST interface knows.
struct RoundupCalls: Sendable {
    let settings: RoundupSettings
    let json: JSONCalls

    init(_ settings: RoundupSettings, over wire: Wire, telling message: Message? = nil) {
        self.settings = settings
        let pair = Data("\(settings.user):\(settings.password)".utf8).base64EncodedString()
        let headers = [
            Wire.Header("Authorization", "Basic \(pair)"),
            Wire.Header("Accept", "*/*"),
            // Without these it takes what is asked for to be a forgery, and answers 400.
            Wire.Header("X-Requested-With", "rest"),
            Wire.Header("Origin", Self.origin(of: settings.address)),
        ]
        json = JSONCalls(
            over: wire, headers: headers, hiding: [settings.password, pair], telling: message)
    }

    /// The server of an address, without its path.
    private static func origin(of address: String) -> String {
        address.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
            .prefix(3).joined(separator: "/")
    }

    /// An address of data: a path, and a query whose values are encoded here.
    func address(_ path: String, _ query: [(String, String)] = []) -> String {
        let pairs = query.map { "\($0)=\(PercentEncoding.encoded($1))" }
        return settings.address + "rest/data/" + path
            + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    /// How much a list tells.
    enum Depth: Int {
        /// Links with the names of what they lead to.
        case names = 2
        /// The texts of messages as well, which are links otherwise.
        case texts = 3
    }

    /// A page of things of a kind; those that were retired are in none.
    func list(
        _ kind: String, _ query: [(String, String)], fields: [String], size: Int, page: Int = 1,
        depth: Depth = .names
    ) async throws(PeerError) -> (list: Listed, reply: Wire.Reply) {
        let more = [
            ("@fields", fields.joined(separator: ",")), ("@verbose", "\(depth.rawValue)"),
            ("@page_size", "\(size)"), ("@page_index", "\(page)"),
        ]
        let call = Wire.Call("GET", address(kind, query + more))
        let reply = try await json.reply(to: call)
        return (try json.read(reply, of: call, as: Answer<Listed>.self).data, reply)
    }

    /// One thing of a kind; `nil` if there never was one.
    func item(_ kind: String, _ id: String) async throws(PeerError) -> Item? {
        let path = "\(kind)/\(PercentEncoding.encoded(id))"
        let call = Wire.Call("GET", address(path, [("@verbose", "2")]))
        let reply = try await json.anyReply(to: call)
        if reply.status == 404 { return nil }
        guard (200..<300).contains(reply.status) else { throw json.failure(reply, to: call) }
        return try json.read(reply, of: call, as: Answer<Item>.self).data
    }

    /// Our account's number, once it is proven that it is asked in UTC: a filter's times are read in
    /// its zone, and would leave out what changed meanwhile.
    func account() async throws(PeerError) -> String {
        let user = try await user()
        guard let zone = user.text("timezone"), !Self.universal.contains(zone) else {
            return user.id ?? ""
        }
        throw PeerError(
            .forbidden, "the account's time zone is \(json.shown(zone, most: 60)): make it UTC")
    }

    private static let universal = ["UTC", "GMT", "Etc/UTC", "0"]

    func user() async throws(PeerError) -> Properties {
        let rows = try await list(
            "user", [("username:", settings.user)], fields: ["username", "timezone"], size: 10
        ).list.rows
        guard let user = rows.first(where: { $0.text("username") == settings.user }) else {
            throw PeerError(.forbidden, "does not show our own account")
        }
        return user
    }
}

extension RoundupCalls {
    /// Makes what belongs to nothing yet: a file or a message. Nobody sees it before an issue names
    /// it, so nothing that fails here is ambiguous.
    func prepare(_ call: Wire.Call) async throws(PeerError) -> String {
        do throws(PeerError) {
            let reply = try await json.reply(to: call)
            return try json.read(reply, of: call, as: Answer<Made>.self).data.id
        } catch {
            guard error.kind == .ambiguous else { throw error }
            throw PeerError(.later(nil), error.reason, status: error.status)
        }
    }

    /// Hands a file over; its number.
    func upload(_ picture: OutgoingPicture) async throws(PeerError) -> String {
        let boundary = "viaduct-7f3k2m9qtx5b-\(picture.bytes.count)"
        func part(_ name: String, _ more: String = "") -> String {
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\(more)\r\n"
        }
        let head =
            part("name") + "\r\n\(picture.name)\r\n" + part("type")
            + "\r\n\(picture.mediaType)\r\n"
            + part("content", "; filename=\"\(picture.name)\"")
            + "Content-Type: \(picture.mediaType)\r\n\r\n"
        return try await prepare(
            Wire.Call(
                "POST", address("file"),
                headers: [
                    Wire.Header("Content-Type", "multipart/form-data; boundary=\(boundary)")
                ],
                body: Array(head.utf8) + picture.bytes + Array("\r\n--\(boundary)--\r\n".utf8),
                patience: .seconds(60)))
    }

    /// The bytes of a file, which it gives to those who want anything but JSON.
    func file(_ id: String) async throws(PeerError) -> [UInt8] {
        let path = "file/\(PercentEncoding.encoded(id))/binary_content"
        let call = Wire.Call("GET", address(path), most: 32 << 20, patience: .seconds(60))
        return try await json.reply(to: call).body
    }
}
