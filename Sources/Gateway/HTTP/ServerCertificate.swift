import FoundationEssentials
import Logging
import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The certificate with which a port speaks TLS, read again when its files change, so that whoever
/// renews it restarts nothing.
///
/// A class, because all connections share it; a mutex guards what was read last.
package final class ServerCertificate: Sendable {
    private let files: Files
    private let reading: Mutex<Reading>

    /// Where it stands, both as PEM: the chain with the server's own certificate first, and its key.
    package struct Files: Sendable, Equatable {
        package let chain: String
        package let key: String

        package init(chain: String, key: String) {
            self.chain = chain
            self.key = key
        }
    }

    /// Why the files cannot be used, in a sentence.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    private struct Reading {
        var context: NIOSSLContext
        var expiry: Date
        /// The state of the files that was looked at last, whether or not it could be used.
        var state: [FileState?]
    }

    package init(_ files: Files) throws(Unusable) {
        self.files = files
        let state = files.state
        let (context, expiry) = try Self.read(files)
        reading = Mutex(Reading(context: context, expiry: expiry, state: state))
    }

    /// With what a new connection begins.
    var context: NIOSSLContext { reading.withLock(\.context) }

    /// Until when clients take it.
    package var expiry: Date { reading.withLock(\.expiry) }

    /// Looks each few seconds whether the files have changed, until it is cancelled.
    package func run(logger: Logger) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(2))
            do throws(Unusable) {
                guard try refresh() else { continue }
                logger.info(
                    "the certificate was read again",
                    metadata: ["expires": .string(expiry.formatted(.iso8601))])
            } catch {
                logger.error(
                    "the new certificate cannot be used, the old one stays",
                    metadata: ["reason": .string(error.description)])
            }
        }
    }

    /// Reads files that have changed; `false` if they have not. One that cannot be used, such as a
    /// chain whose key is still to come, changes nothing and is told once.
    package func refresh() throws(Unusable) -> Bool {
        let state = files.state
        guard reading.withLock({ $0.state != state }) else { return false }
        reading.withLock { $0.state = state }
        let (context, expiry) = try Self.read(files)
        reading.withLock {
            $0.context = context
            $0.expiry = expiry
        }
        return true
    }

    private static func read(
        _ files: Files
    ) throws(Unusable) -> (context: NIOSSLContext, expiry: Date) {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.chain)
            guard let own = chain.first else {
                throw Unusable(description: "\(files.chain) holds no certificate")
            }
            let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            var settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            settings.minimumTLSVersion = .tlsv12
            settings.applicationProtocols = ["http/1.1"]
            return (
                try NIOSSLContext(configuration: settings),
                Date(timeIntervalSince1970: TimeInterval(own.notValidAfter))
            )
        } catch let error as Unusable {
            throw error
        } catch {
            throw Unusable(
                description: "\(files.chain) and \(files.key) are no chain and its key in PEM")
        }
    }
}

extension ServerCertificate.Files {
    fileprivate var state: [FileState?] { [FileState(of: chain), FileState(of: key)] }
}

/// What tells that a file was written or replaced, or that others may read it now.
private struct FileState: Equatable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int
    private let changed: Int

    /// `nil` of a file that is not there.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
            let (time, change) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (time, change) = (status.st_mtim, status.st_ctim)
        #endif
        (seconds, nanoseconds) = (Int(time.tv_sec), Int(time.tv_nsec))
        changed = Int(change.tv_sec) &* 1_000_000_000 &+ Int(change.tv_nsec)
    }
}
