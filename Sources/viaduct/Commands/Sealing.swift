import CaseStore
import Foundation
import Gateway
import Logging

/// Seals what is plain from the time before there were data keys, beside everything else, and says
/// when nothing can be sealed.
struct Sealing {
    private let store: CaseStore
    private let publication: Publication
    private let logger: Logger
    private let keys: Keeping

    /// Where the keys are kept.
    enum Keeping {
        /// Where the operator said, or beside a server of our own, with which they live and die.
        case chosen
        /// Only here, while the database is elsewhere: what was there before is not staked on them.
        case byChance
    }

    init(
        _ store: CaseStore, _ publication: Publication, _ logger: Logger, keys: Keeping = .chosen
    ) {
        self.keys = keys
        self.store = store
        self.publication = publication
        self.logger = logger
    }

    /// Looks each second whether there are keys, and each hour whether anything is plain, which a
    /// node of an older version may have written, until it is cancelled. The pulse holds the keys
    /// against the database.
    func run() async {
        var last: Sealer.Lock?
        var due = ContinuousClock.now
        if keys == .byChance {
            logger.warning(
                "the data keys are in the data directory only: keep a copy, and name it",
                metadata: ["setting": "privacy.keys_file"])
        }
        while !Task.isCancelled {
            let lock = store.lock
            if lock != last { tell(lock) }
            last = lock
            for row in store.untoldUnreadable() {
                logger.error(
                    "a sealed row cannot be opened, and is shown to staff as to the public",
                    metadata: ["row": .string(row)])
            }
            if lock == nil, keys == .chosen, due <= .now {
                due = await seal() ? .now + .seconds(3600) : .now + .seconds(60)
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func tell(_ lock: Sealer.Lock?) {
        guard let lock else {
            return logger.notice("the data keys are here again, and reports are taken")
        }
        logger.error(
            "reports are refused, because personal data could not be sealed",
            metadata: ["reason": .string(lock.text)])
    }

    /// Whether all of it is sealed.
    private func seal() async -> Bool {
        do {
            let sealed = try await store.reseal(
                .plain, in: publication.catalogue, pace: .quarter)
            if sealed.rows + sealed.reports > 0 {
                logger.info(
                    "personal data from before there were data keys was sealed",
                    metadata: ["rows": "\(sealed.rows)", "reports": "\(sealed.reports)"])
            }
            return !Task.isCancelled
        } catch {
            logger.warning(
                "personal data stays plain for now", metadata: ["reason": .string("\(error)")])
            return false
        }
    }
}
