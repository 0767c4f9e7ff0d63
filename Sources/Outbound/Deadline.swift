/// Does something until an instant: what is not done by then is cancelled, and fails as `late`.
///
/// Whatever is done must end soon after its task is cancelled.
func within<R: Sendable>(
    until deadline: ContinuousClock.Instant, orElse late: OutboundError,
    _ work: @escaping @Sendable () async throws(OutboundError) -> R
) async throws(OutboundError) -> R {
    let result = await withTaskGroup(of: Result<R, OutboundError>.self) { group in
        group.addTask {
            do throws(OutboundError) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
        group.addTask {
            // Woken early only when nobody wants the result any more.
            try? await Task.sleep(until: deadline, clock: .continuous)
            return .failure(late)
        }
        let first = await group.next()
        group.cancelAll()
        return first ?? .failure(late)
    }
    return try result.get()
}
