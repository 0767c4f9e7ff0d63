import FoundationEssentials
import GeoReport
import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Logs as one JSON object a line (O2).
///
/// Everything that varies is a value of that object, escaped, so that no text can begin a line.
package struct JSONLog: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let sink: LogSink

    package init(label: String, sink: LogSink) {
        self.label = label
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        guard event.level >= logLevel else { return }
        var line = JSONWriter(capacity: 256)
        line.beginObject()
        line.key("time")
        line.string(DateTime.text(Date()))
        line.key("level")
        line.string(event.level.rawValue)
        line.key("source")
        line.string(label)
        line.key("message")
        line.string(Self.cut("\(event.message)"))
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            line.key(["time", "level", "source", "message"].contains(name) ? "_" + name : name)
            if case .stringConvertible(let number as Int) = value {
                line.number(number)
            } else {
                line.string(Self.cut("\(value)"))
            }
        }
        line.endObject()
        sink.write(line.take() + [UInt8(ascii: "\n")])
    }

    /// A line stays readable, however long a text is.
    private static func cut(_ text: String) -> String {
        text.utf8.count <= 1024 ? text : String(text.unicodeScalars.prefix(256)) + "…"
    }
}

/// Where log lines go: a descriptor that may be slow, or a pipe that nobody reads.
///
/// Lines that cannot be written at once wait in a bounded buffer; when that is full they are
/// counted and dropped, so that no request waits for a log (O2). A class for that buffer, under a
/// mutex.
package final class LogSink: Sendable {
    private let descriptor: Int32
    private let waiting = Mutex(Waiting())

    /// A pipe takes this much or nothing (POSIX `PIPE_BUF`).
    private static let piece = 4096
    private static let most = 1 << 20

    private struct Waiting {
        var bytes: [UInt8] = []
        var dropped = 0
    }

    package init(descriptor: Int32 = STDERR_FILENO) {
        self.descriptor = descriptor
    }

    /// Writes a line as soon as there is room for it.
    func write(_ line: [UInt8]) {
        waiting.withLock { waiting in
            if waiting.bytes.count + line.count > Self.most {
                waiting.dropped += 1
            } else {
                if waiting.dropped > 0 {
                    waiting.bytes += Array("{\"dropped\":\(waiting.dropped)}\n".utf8)
                    waiting.dropped = 0
                }
                waiting.bytes += line
            }
            flush(&waiting.bytes)
        }
    }

    private func flush(_ bytes: inout [UInt8]) {
        var written = 0
        while written < bytes.count {
            var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&state, 1, 0) == 1, state.revents & Int16(POLLOUT) != 0 else { break }
            let piece = Array(bytes[written...].prefix(Self.piece))
            let count = posixWrite(descriptor, piece, piece.count)
            guard count > 0 else { break }
            written += count
        }
        bytes.removeFirst(written)
    }
}

/// `write`, which a method of the same name would hide.
private let posixWrite: @Sendable (Int32, [UInt8], Int) -> Int = { write($0, $1, $2) }
