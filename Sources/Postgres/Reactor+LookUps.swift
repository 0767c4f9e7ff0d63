/// The keys of one look-up that wait for the next statement.
///
/// A class, because the answer to a statement finds back to it; only the reactor's thread touches it.
final class Gathering {
    /// Reads the answer, on the reactor's thread, and resumes whoever asked.
    typealias Waiter = @Sendable (Command.Answer) -> Void

    let lookUp: LookUp
    fileprivate(set) var keys: [String] = []
    fileprivate var waiters: [Waiter] = []
    /// How long the most patient of them waits for the answer: nobody is given up for another.
    fileprivate var waits: Duration?
    /// When the first of them began to wait.
    fileprivate var since: Nanoseconds = 0
    /// Statements that are not answered yet.
    fileprivate var underWay = 0

    /// More keys in a statement cost those in front the time of reading more rows.
    static let most = 32
    /// Statements on their way at the same time: with one alone, we rest while the server works and
    /// the server while we do.
    static let atOnce = 2
    /// How many milliseconds keys wait at most for the statement before them: when that takes long,
    /// nothing is won by waiting.
    static let patience: Int32 = 5

    init(_ lookUp: LookUp) {
        self.lookUp = lookUp
    }

    fileprivate var isIdle: Bool { keys.isEmpty && underWay == 0 }

    fileprivate func isDue(at now: Nanoseconds) -> Bool {
        !keys.isEmpty
            && (underWay < Self.atOnce || now >= since &+ Nanoseconds(Self.patience) * 1_000_000)
    }
}

extension Reactor {
    /// Takes a key in, to be looked up together with others at the end of the round or after it.
    func gather(
        _ key: String, by lookUp: LookUp, waits: Duration?, for waiter: @escaping Gathering.Waiter
    ) {
        let gathering = gatherings[lookUp.name] ?? Gathering(lookUp)
        if gathering.isIdle { gatherings[lookUp.name] = gathering }
        if gathering.keys.isEmpty {
            gathering.since = now
            gathering.waits = waits
        } else {
            gathering.waits = gathering.waits.flatMap { most in waits.map { max($0, most) } }
        }
        gathering.keys.append(key)
        gathering.waiters.append(waiter)
        if gathering.keys.count >= Gathering.most { lookUpAll(of: gathering) }
    }

    /// Whether keys wait for the end of the statement before them.
    var isGathering: Bool { gatherings.values.contains { !$0.keys.isEmpty } }

    /// Sends the keys that have nothing of their kind to wait for, or have waited long enough.
    func sendGathered() {
        guard !gatherings.isEmpty else { return }
        for (name, gathering) in gatherings {
            if gathering.isDue(at: now) { lookUpAll(of: gathering) }
            if gathering.isIdle { gatherings[name] = nil }
        }
    }

    private func lookUpAll(of gathering: Gathering) {
        let sql = gathering.lookUp.statement(gathering.keys)
        let waiters = gathering.waiters
        gathering.keys.removeAll(keepingCapacity: true)
        gathering.waiters = []
        gathering.underWay += 1
        let command = Command(
            .statement(sql), manner: .together, waits: gathering.waits,
            for: .reactor { answer in
                gathering.underWay -= 1
                for waiter in waiters { waiter(answer) }
            })
        submit(command)
    }
}
