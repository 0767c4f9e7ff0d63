import CLibCurl
import Glibc

extension CurlExchange {
    /// Sends the commands of the dialogue over the connection on which libcurl has logged in.
    func converse(_ easy: UnsafeMutableRawPointer) {
        var end = ContinuousClock.now + request.patience
        for command in request.dialogue {
            outcome.verb = String(command.prefix { $0.isLetter })
            outcome.lines = []
            guard say(command, easy, until: end), let status = hear(easy, until: end) else {
                outcome.status = 0
                outcome.code = CURLE_OPERATION_TIMEDOUT.rawValue
                return
            }
            outcome.status = status
            guard (200..<400).contains(status) else { break }
        }
        // Nobody waits for what is said to that.
        end = min(end, .now + .seconds(1))
        _ = say("QUIT", easy, until: end)
    }

    private func say(
        _ command: String, _ easy: UnsafeMutableRawPointer, until end: ContinuousClock.Instant
    ) -> Bool {
        var rest = Array((command + "\r\n").utf8)[...]
        while !rest.isEmpty {
            var sent = 0
            let code = rest.withUnsafeBytes {
                curl_easy_send(easy, $0.baseAddress, $0.count, &sent)
            }
            rest = rest.dropFirst(sent)
            if code == CURLE_AGAIN {
                guard waits(easy, for: POLLOUT, until: end) else { return false }
            } else if code != CURLE_OK {
                return false
            }
        }
        return true
    }

    /// The status of the next whole answer: its last line has a blank behind the number.
    private func hear(
        _ easy: UnsafeMutableRawPointer, until end: ContinuousClock.Instant
    ) -> Int? {
        var room = [UInt8](repeating: 0, count: 4096)
        while outcome.lines.count < 65_536 {
            var count = 0
            let code = room.withUnsafeMutableBytes {
                curl_easy_recv(easy, $0.baseAddress, $0.count, &count)
            }
            if code == CURLE_AGAIN {
                guard waits(easy, for: POLLIN, until: end) else { return nil }
                continue
            }
            guard code == CURLE_OK, count > 0 else { return nil }
            outcome.lines += room[..<count]
            guard outcome.lines.last == UInt8(ascii: "\n") else { continue }
            let line = outcome.lastLine()
            if line.utf8.count == 3 || line.dropFirst(3).first == " " { return Int(line.prefix(3)) }
        }
        return nil
    }

    /// Whether the connection is ready before the time is up and nobody has ended the exchange.
    private func waits(
        _ easy: UnsafeMutableRawPointer, for event: Int32, until end: ContinuousClock.Instant
    ) -> Bool {
        var socket: curl_socket_t = -1
        guard curl_get_socket(easy, &socket) == CURLE_OK, socket >= 0 else { return false }
        while ContinuousClock.now < end, !isCancelled.load(ordering: .relaxed) {
            var entry = pollfd(fd: socket, events: Int16(event), revents: 0)
            if poll(&entry, 1, 200) > 0 { return true }
        }
        return false
    }
}
