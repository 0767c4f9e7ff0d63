import Federation
import FoundationEssentials

/// The files of a way, in calls: what fails is told as what to do next.
struct Folder: Sendable {
    let wire: Wire
    /// What the addresses begin with, such as `folder:`.
    let base: String

    /// A file as a listing shows it.
    struct File: Decodable, Equatable {
        let name: String
        let bytes: Int64
        /// Nanoseconds since 1970.
        let modified: Int64
    }

    /// The files of a folder, by name.
    func files(_ folder: String) async throws(PeerError) -> [File] {
        let call = Wire.Call("GET", "\(base)\(folder)/")
        let reply = try await wire.send(call)
        guard reply.status == 200 else { throw failure(reply, call) }
        do {
            return try JSONDecoder().decode([File].self, from: Data(reply.body))
        } catch {
            throw PeerError(.later(nil), "the folder \(folder) cannot be listed")
        }
    }

    /// The bytes of a file; `nil` if there is none of this name.
    func bytes(_ folder: String, _ name: String) async throws(PeerError) -> [UInt8]? {
        let call = Wire.Call("GET", "\(base)\(folder)/\(name)", most: 32 << 20)
        let reply = try await wire.send(call)
        if reply.status == 404 { return nil }
        guard reply.status == 200 else { throw failure(reply, call) }
        return reply.body
    }

    func has(_ folder: String, _ name: String) async throws(PeerError) -> Bool {
        let call = Wire.Call("HEAD", "\(base)\(folder)/\(name)")
        let reply = try await wire.send(call)
        switch reply.status {
        case 200: return true
        case 404: return false
        default: throw failure(reply, call)
        }
    }

    /// Writes a file that nobody takes yet; again changes nothing.
    func put(_ bytes: [UInt8], _ folder: String, _ name: String) async throws(PeerError) {
        let call = Wire.Call("PUT", "\(base)\(folder)/\(name)", body: bytes)
        let reply = try await wire.send(call)
        guard reply.status == 201 else { throw failure(reply, call) }
    }

    /// Gives a file its name. One that is there by this name already is the one of an earlier try.
    func move(
        _ folder: String, _ name: String, to other: String, _ new: String
    ) async throws(PeerError) {
        let call = Wire.Call(
            "MOVE", "\(base)\(folder)/\(name)",
            headers: [Wire.Header("Destination", "\(base)\(other)/\(new)")])
        let reply = try await wire.send(call)
        guard [201, 412].contains(reply.status) else { throw failure(reply, call) }
    }

    /// Why a folder cannot be used; `nil` if it can.
    func obstacle(_ folder: String) async throws(PeerError) -> String? {
        let reply = try await wire.send(Wire.Call("OPTIONS", "\(base)\(folder)/"))
        return switch reply.status {
        case 204: nil
        case 404: "there is no folder \(folder); make it"
        case 403: "we may not write in the folder \(folder)"
        default: "the folder \(folder) cannot be used (\(reply.status))"
        }
    }

    private func failure(_ reply: Wire.Reply, _ call: Wire.Call) -> PeerError {
        let place = call.address.dropFirst(base.count)
        let kind: PeerError.Kind =
            switch reply.status {
            // Nothing was renamed, so nobody has it.
            case 403, 404, 405: .forbidden
            case 413: .refused
            default: .later(nil)
            }
        let reason =
            switch reply.status {
            case 403: "we may not use \(place)"
            case 404: "there is no \(place)"
            case 413: "\(place) is too long"
            case 507: "the disk of \(place) is full"
            default: "\(place) cannot be used (\(reply.status))"
            }
        return PeerError(kind, reason, status: reply.status)
    }
}
