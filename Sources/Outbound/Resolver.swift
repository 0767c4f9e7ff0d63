import Addresses
import Foundation
import NIOPosix
import Synchronization

/// What tells all the machines that a name means; an empty answer means that nobody knows it.
package typealias Resolve = @Sendable (HostName) async -> [IPAddress]?

/// Asks the system for names, on threads that nothing else waits for.
///
/// `getaddrinfo` cannot be stopped: who no longer wants an answer leaves, and the thread follows
/// when the system lets it go.
final class SystemResolver: Sendable {
    private let threads: NIOThreadPool

    init(threads count: Int = 4) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// Lets the threads go, without waiting for a slow name server.
    func close() {
        threads.shutdownGracefully { _ in }
    }

    /// All addresses of a name; `nil` if it has one that we cannot read.
    func addresses(of name: HostName) async -> [IPAddress]? {
        let answer = Awaited<[IPAddress]?>()
        threads.submit { state in
            guard case .active = state, answer.isWanted else { return answer.give([]) }
            answer.give(Self.lookup(name.description))
        }
        return await answer.value(orElse: [])
    }

    private static func lookup(_ name: String) -> [IPAddress]? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first = hints.ai_next
        guard getaddrinfo(name, nil, &hints, &first) == 0, let first else { return [] }
        defer { freeaddrinfo(first) }
        var found: [IPAddress] = []
        for info in sequence(first: first, next: \.pointee.ai_next) {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = getnameinfo(
                info.pointee.ai_addr, info.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
            let written = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            guard status == 0, let address = IPAddress(written) else { return nil }
            if !found.contains(address) { found.append(address) }
        }
        return found
    }
}

/// A value that another thread gives once, to at most one task that may leave before.
private final class Awaited<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value?, Never>)
        case given(Value)
        case left
    }

    private let state = Mutex(State.open)

    /// Whether somebody still waits or may still come.
    var isWanted: Bool {
        state.withLock {
            if case .left = $0 { return false }
            return true
        }
    }

    /// Gives the value; the first one counts.
    func give(_ value: Value) {
        let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .open:
                state = .given(value)
                return nil
            case .waiting(let waiter):
                state = .given(value)
                return waiter
            case .given, .left: return nil
            }
        }
        waiter?.resume(returning: value)
    }

    /// The value, or another if the task is cancelled before.
    func value(orElse other: Value) async -> Value {
        let value = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(with: $0) }
        } onCancel: {
            leave()
        }
        return value ?? other
    }

    private func wait(with waiter: CheckedContinuation<Value?, Never>) {
        let value = state.withLock { state -> Value?? in
            switch state {
            case .open:
                state = .waiting(waiter)
                return .none
            case .given(let value): return .some(value)
            case .waiting, .left: return .some(nil)
            }
        }
        if let value { waiter.resume(returning: value) }
    }

    private func leave() {
        let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            guard case .waiting(let waiter) = state else {
                if case .open = state { state = .left }
                return nil
            }
            state = .left
            return waiter
        }
        waiter?.resume(returning: nil)
    }
}
