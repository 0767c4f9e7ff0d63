import Federation
import Foundation
import Synchronization

/// A folder in memory that answers as the real one does: a class, because it remembers.
final class MemoryFolder: Sendable {
    private let files = Mutex<[String: [UInt8]]>([:])

    func put(_ text: String, _ path: String) { put(Array(text.utf8), path) }

    func put(_ bytes: [UInt8], _ path: String) {
        files.withLock { $0[path] = bytes }
    }

    func text(_ path: String) -> String? {
        files.withLock { $0[path] }.map { String(decoding: $0, as: UTF8.self) }
    }

    func bytes(_ path: String) -> [UInt8]? { files.withLock { $0[path] } }

    var names: [String] { files.withLock { $0.keys.sorted() } }

    func wire(at now: Date = Date(timeIntervalSince1970: 1_776_643_200)) -> Wire {
        Wire(now: { now }) { self.answer($0) }
    }

    func answer(_ call: Wire.Call) -> Wire.Reply {
        let path = String(call.address.dropFirst("folder:".count))
        switch call.method {
        case "GET" where path.hasSuffix("/"): return list(path)
        case "GET":
            return bytes(path).map { Wire.Reply(status: 200, body: $0) } ?? Wire.Reply(status: 404)
        case "HEAD": return Wire.Reply(status: bytes(path) == nil ? 404 : 200)
        case "PUT":
            put(call.body, path)
            return Wire.Reply(status: 201)
        case "MOVE":
            let target = call.headers.first { $0.name == "Destination" }?.value
            return move(path, to: String(target?.dropFirst("folder:".count) ?? ""))
        default: return Wire.Reply(status: 204)
        }
    }

    private func move(_ path: String, to target: String) -> Wire.Reply {
        let status = files.withLock { files in
            guard let bytes = files[path] else { return 404 }
            guard files[target] == nil else { return 412 }
            files[path] = nil
            files[target] = bytes
            return 201
        }
        return Wire.Reply(status: status)
    }

    private func list(_ folder: String) -> Wire.Reply {
        let listed = files.withLock { files in
            files.filter { $0.key.hasPrefix(folder) }.sorted { $0.key < $1.key }.map {
                path, bytes in
                #"{"name":"\#(path.dropFirst(folder.count))","bytes":\#(bytes.count),"#
                    + #""modified":1776643200000000000}"#
            }
        }
        return Wire.Reply(status: 200, body: Array("[\(listed.joined(separator: ","))]".utf8))
    }
}
