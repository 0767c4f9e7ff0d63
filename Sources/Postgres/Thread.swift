import Glibc

/// A moment or a span on the monotonic clock.
typealias Nanoseconds = UInt64

/// The monotonic clock's time now.
func monotonicNow() -> Nanoseconds {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000
        &+ UInt64(truncatingIfNeeded: time.tv_nsec)
}

extension Duration {
    /// The whole span in nanoseconds, none if negative.
    var nanoseconds: Nanoseconds {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) &* 1_000_000_000 &+ UInt64(attoseconds / 1_000_000_000)
    }

    /// The span in whole milliseconds, for PostgreSQL's settings.
    var milliseconds: Int64 {
        Int64(nanoseconds / 1_000_000)
    }
}

/// Starts a detached thread; it ends when `body` returns.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Start {
        let body: @Sendable () -> Void
        init(body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(body: body))
    let failed = pthread_create(
        &thread, &attributes,
        { argument in
            if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, start.toOpaque())
    pthread_attr_destroy(&attributes)
    // Without a thread there is no database: the same as running out of memory.
    precondition(failed == 0, "the system refused a thread")
}
