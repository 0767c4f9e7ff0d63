import CaseStore
import Foundation
import Gateway
import Logging
import UnixSignals

/// Reads the jurisdictions' files again at each SIGHUP, and serves them if nothing is wrong in
/// them.
struct Reload: Sendable {
    let settings: Settings
    let store: CaseStore
    let publication: Publication
    let logger: Logger

    /// Waits for signals until it is cancelled.
    func run() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) { await read() }
    }

    private func read() async {
        let (directory, problems) = JurisdictionDirectory.read(settings.jurisdictionDirectory)
        guard problems.isEmpty else {
            for problem in problems {
                logger.error(
                    "settings are wrong, the old ones stay",
                    metadata: ["problem": .string(problem.description)])
            }
            return
        }
        do {
            let changesets = try await store.publish(directory.catalogue, now: Date())
            publication.publish(directory.catalogue, changesets: changesets)
            logger.info(
                "jurisdictions read again",
                metadata: ["count": .stringConvertible(directory.catalogue.jurisdictions.count)])
        } catch {
            logger.error("the database is away, the old jurisdictions stay; send SIGHUP again")
        }
    }
}
