import CaseStore
import FoundationEssentials
import GeoReport
import Reports

/// The change feed, for whoever has a key that may follow (GR-15.6).
extension Gateway {
    /// A page of changes, after a while if there is none yet; or all of them as they come.
    func changes(_ call: Call) async throws(Fault) -> EdgeResponse {
        let wish = try Calls.changes(
            call.parameters, at: call.base, in: call.published.catalogue)
        let client = try await follower(call)
        let filter = try Self.filter(wish, for: client, stage: call.route.base.stage)
        if call.request.fields.accept?.lowercased().contains("application/x-ndjson") == true {
            return stream(filter, after: wish.after)
        }
        let page = try await page(filter, wish)
        var response = EdgeResponse(
            status: 200, headers: [("Content-Type", Format.json.contentType)],
            body: .bytes(Documents.changes(page.changes, next: page.next)))
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }

    /// What the client may follow of what it wants to (A3).
    private static func filter(
        _ wish: ChangesCall, for client: Client, stage: Stage
    ) throws(Fault) -> ChangeFilter {
        var jurisdictions = client.jurisdictions.isEmpty ? nil : client.jurisdictions
        if let wanted = wish.jurisdiction?.id {
            guard client.may(.follow, in: wanted) else {
                throw Fault(.forbidden, "api_key is not valid here.")
            }
            jurisdictions = [wanted]
        }
        return ChangeFilter(
            jurisdictions: jurisdictions, stage: stage, services: wish.services, kinds: wish.kinds,
            audience: client.scopes.contains(.staff) ? .staff : .public)
    }

    private func page(
        _ filter: ChangeFilter, _ wish: ChangesCall
    ) async throws(Fault) -> ChangePage {
        let deadline = ContinuousClock.now + wish.wait
        var cursor = wish.after
        while true {
            let from = cursor
            let page = try await look(filter, from, wish)
            let left = deadline - .now
            guard page.changes.isEmpty, left > .zero else { return page }
            cursor = page.next
            guard page.isLast else { continue }
            guard await waiting(behind: page.next, for: left) else { return page }
        }
    }

    /// One look, with a waiting time of its own: whoever waits for half a minute takes many.
    private func look(
        _ filter: ChangeFilter, _ cursor: ChangeCursor?, _ wish: ChangesCall
    ) async throws(Fault) -> ChangePage {
        let outcome = await CaseStore.patiently(settings.patience) {
            () async -> Result<ChangePage, Fault> in
            do throws(Fault) {
                return .success(
                    try await asking { () async throws(CaseStoreError) in
                        try await store.changes(filter, after: cursor, limit: wish.limit)
                    })
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Waits for a change; whoever waits is not counted among those who keep us busy.
    private func waiting(behind cursor: ChangeCursor, for time: Duration) async -> Bool {
        guard let signal, metrics.waiting.value < settings.mostWaiting else { return false }
        metrics.waiting.add(1)
        metrics.inFlight.add(-1)
        defer {
            metrics.inFlight.add(1)
            metrics.waiting.add(-1)
        }
        return await signal.wait(behind: cursor, for: time)
    }

    /// One line a change, for as long as the client listens, at most five minutes; then it goes on
    /// from its last cursor.
    private func stream(_ filter: ChangeFilter, after cursor: ChangeCursor?) -> EdgeResponse {
        let follower = ChangeFollower(filter, after: cursor, store: store, signal: signal)
        return EdgeResponse(
            status: 200,
            headers: [
                ("Content-Type", "application/x-ndjson; charset=utf-8"),
                ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
            ],
            body: .pieces(AsyncStream { await follower.next() }))
    }
}

/// Follows the changes for one client. An actor, for the place that it has reached.
private actor ChangeFollower {
    private let filter: ChangeFilter
    private let store: CaseStore
    private let signal: ChangeSignal?
    private var cursor: ChangeCursor?
    private let end = ContinuousClock.now + .seconds(300)

    /// After so long without a change an empty line shows that we are still there.
    private static let pulse = Duration.seconds(15)

    init(
        _ filter: ChangeFilter, after cursor: ChangeCursor?, store: CaseStore,
        signal: ChangeSignal?
    ) {
        self.filter = filter
        self.cursor = cursor
        self.store = store
        self.signal = signal
    }

    /// The next lines, or an empty one; `nil` ends the stream: the time is over, we stop, or the
    /// database is away.
    func next() async -> [UInt8]? {
        let quiet = min(end, .now + Self.pulse)
        while ContinuousClock.now < end {
            let page: ChangePage
            do {
                page = try await store.changes(filter, after: cursor, limit: 100)
            } catch {
                return nil
            }
            cursor = page.next
            guard page.changes.isEmpty else { return page.changes.flatMap(Documents.line) }
            guard page.isLast else { continue }
            guard let signal else { return nil }
            if await signal.wait(behind: page.next, for: quiet - .now) { continue }
            return signal.isOver || Task.isCancelled ? nil : [0x0A]
        }
        return nil
    }
}
