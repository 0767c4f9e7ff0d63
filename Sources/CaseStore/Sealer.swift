import Synchronization

/// The data keys of this node, and whether they are all that the database needs (P3).
///
/// While one is missing nothing personal is written or opened here; what the public reads needs none.
/// A class for what was found last, under a mutex.
package final class Sealer: Sendable {
    private let state: Mutex<State>

    private struct State {
        var keys: DataKeys?
        var lock: Lock?
        /// What none of these keys opened.
        var unreadable: Set<SealedCell> = []
        /// That of it of which nobody was told yet.
        var untold: [SealedCell] = []
    }

    /// Why nothing can be sealed and opened.
    package enum Lock: Sendable, Equatable {
        /// There is no key here.
        case noKey
        /// Something is sealed with these keys, and they are not here.
        case missing([DataKey.ID])
        /// Our user may not read which keys there are.
        case noRight
    }

    /// Locked, until there are keys.
    package init() {
        state = Mutex(State(keys: nil, lock: .noKey))
    }

    /// Open, with keys that were not held against those of the database.
    package init(_ keys: DataKeys) {
        state = Mutex(State(keys: keys, lock: nil))
    }

    /// Why nothing can be sealed and opened; `nil` if it can be.
    package var lock: Lock? { state.withLock { $0.lock } }

    /// The keys, or `locked`.
    func keys() throws(CaseStoreError) -> DataKeys {
        let state = state.withLock { $0 }
        guard let keys = state.keys, state.lock == nil else { throw .locked }
        return keys
    }

    /// The keys that are here, be they all or not.
    var held: DataKeys? { state.withLock { $0.keys } }

    func set(_ keys: DataKeys?, _ lock: Lock?) {
        state.withLock { $0 = State(keys: keys, lock: lock) }
    }

    func set(_ lock: Lock?) {
        state.withLock { $0.lock = lock }
    }

    /// Notes that no key of ours opened something, which was left out of an answer: once each, and a
    /// thousand altogether.
    func note(unreadable cell: SealedCell) {
        state.withLock {
            guard $0.unreadable.count < 1000, $0.unreadable.insert(cell).inserted else { return }
            $0.untold.append(cell)
        }
    }

    /// What was noted since it was asked last.
    func untold() -> [SealedCell] {
        state.withLock { state in
            defer { state.untold = [] }
            return state.untold
        }
    }

    /// All that was noted since the keys are here, and not forgotten.
    var unreadable: Set<SealedCell> { state.withLock { $0.unreadable } }

    /// Takes back what was noted of cells that open again or are gone.
    func forget(_ cells: Set<SealedCell>) {
        state.withLock { $0.unreadable.subtract(cells) }
    }
}

extension Sealer.Lock {
    /// What is wrong, in one sentence.
    package var text: String {
        switch self {
        case .noKey: "there is no data key here"
        case .missing(let ids):
            "the data keys \(ids.sorted().map(\.description).joined(separator: ", ")) are not here, "
                + "and personal data is sealed with them"
        case .noRight: "our user of the database may not read contact.data_key"
        }
    }
}
