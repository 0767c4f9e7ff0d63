import Foundation
import GeoReport
import Outbound

/// Why something could not be fetched, told to whoever named the address.
struct FetchError: Error, CustomStringConvertible {
    let description: String
    /// The status of the answer; `nil` if there was none.
    let status: Int?
}

/// Gets documents from addresses that an operator named: bounded in size, time and redirects (M2).
struct Fetcher: Sendable {
    private let client: OutboundClient
    private let limits: FetchLimits

    /// Does something with a fetcher, and closes its connections.
    static func with<R: Sendable>(
        most: Int = 256 << 20, _ body: (Fetcher) async throws -> R
    ) async throws -> R {
        let limits = FetchLimits(firstByte: .seconds(60), whole: .seconds(900), bytes: most)
        return try await OutboundClient.with(.command) { client in
            try await body(Fetcher(client: client, limits: limits))
        }
    }

    /// The document under an address; busy servers are asked again, at most three times.
    func get(_ address: String) async throws -> [UInt8] {
        var pause = Duration.seconds(1)
        for _ in 1..<3 {
            do throws(FetchError) {
                return try await getOnce(address)
            } catch {
                guard error.isBusy else { throw error }
            }
            try await Task.sleep(for: pause)
            pause *= 3
        }
        return try await getOnce(address)
    }

    /// The address without its query, in which a key may stand.
    private static func shown(_ address: String) -> Substring {
        address.prefix { $0 != "?" }
    }

    private func getOnce(_ address: String) async throws(FetchError) -> [UInt8] {
        do throws(OutboundError) {
            return try await client.get(address, limits: limits).body
        } catch {
            throw FetchError(error, at: Self.shown(address), limits)
        }
    }
}

extension FetchError {
    /// Whether the server may have time for us in a moment.
    fileprivate var isBusy: Bool {
        status.map { $0 == 429 || (502...504).contains($0) } ?? false
    }

    /// A failure at an address in words for whoever named it.
    fileprivate init(_ error: OutboundError, at address: Substring, _ limits: FetchLimits) {
        var status: Int?
        let problem: String
        switch error {
        case .refused(.malformed), .refused(.scheme), .refused(.host), .refused(.port):
            problem = "is no address; write one with http:// or https://"
        case .tooLarge: problem = "answers with more than \(limits.bytes >> 20) MiB"
        case .status(let code, _):
            status = code
            problem = "\(error)"
        default: problem = "\(error)"
        }
        self.init(description: "\(address) \(problem).", status: status)
    }
}

extension OutboundClient.Settings {
    /// For what an operator names at the command line.
    static let command = OutboundClient.Settings(.operator, agent: "viaduct/\(Viaduct.version)")
}

extension WebAddress {
    /// Whether the text can be asked for over HTTP.
    static func isFetchable(_ text: String) -> Bool {
        (text.hasPrefix("http://") || text.hasPrefix("https://"))
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}

/// Where an import reads from.
enum ImportSource: Equatable {
    case file(String)
    case address(String)

    init(_ text: String) {
        self = WebAddress.isFetchable(text) ? .address(text) : .file(text)
    }

    /// The name of the file or of the server: what the source of a report is called.
    var name: String {
        switch self {
        case .file(let path): (path as NSString).lastPathComponent
        case .address(let address): URL(string: address)?.host ?? "web"
        }
    }

    /// The format by its suffix, or else by how the document begins.
    func format(of bytes: some Collection<UInt8>) -> Format {
        let path: String =
            switch self {
            case .file(let path): path
            case .address(let address): String(address.prefix { $0 != "?" && $0 != "#" })
            }
        switch (path as NSString).pathExtension.lowercased() {
        case "xml": return .xml
        case "json": return .json
        case "geojson": return .geojson
        case "csv": return .csv
        default: break
        }
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]
        switch bytes.first(where: { !blanks.contains($0) }) {
        case UInt8(ascii: "<"): return .xml
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
        default: return .csv
        }
    }

    /// The whole document of a file.
    static func read(_ path: String) throws(CommandError) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(.noInput, "\(path) cannot be read; look at its name and rights.")
        }
        return Array(data)
    }
}
