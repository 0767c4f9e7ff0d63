import Foundation

/// The threads on which libcurl blocks: so many at once, and never one of those that all tasks
/// share.
actor CurlThreads {
    private var room: Int
    private var line: [CheckedContinuation<Void, Never>] = []

    init(width: Int) {
        room = max(1, width)
    }

    /// Does an exchange on a thread of its own; a task that is cancelled ends it soon.
    nonisolated func perform(_ request: CurlRequest) async -> CurlOutcome {
        let exchange = CurlExchange(request)
        return await withTaskCancellationHandler {
            await enter()
            let outcome = await withCheckedContinuation { continuation in
                Thread.detachNewThread { continuation.resume(returning: exchange.run()) }
            }
            await leave()
            return outcome
        } onCancel: {
            exchange.cancel()
        }
    }

    private func enter() async {
        guard room == 0 else {
            room -= 1
            return
        }
        await withCheckedContinuation { line.append($0) }
    }

    private func leave() {
        guard line.isEmpty else {
            line.removeFirst().resume()
            return
        }
        room += 1
    }
}
