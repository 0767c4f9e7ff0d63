import CaseStore
import Foundation
import Logging

/// Sees once an hour that the audit log has its next months, looks whether it is whole, notes how far, and
/// takes away what was kept for long enough.
struct AuditWatch: Sendable {
    let store: CaseStore
    /// `nil`: for ever.
    let lifetime: Duration?
    let logger: Logger

    /// Watches until it is cancelled.
    func run() async {
        while !Task.isCancelled {
            await makeMonths()
            await moveStrays()
            // Not among the first calls.
            try? await Task.sleep(for: .seconds(10))
            await look()
            try? await Task.sleep(for: .seconds(3600))
        }
    }

    /// Also where the log is not whole: entries must have their place.
    func makeMonths() async {
        do {
            let made = try await store.makeAuditMonths()
            if made > 0 {
                logger.info("the audit log has new months", metadata: ["months": "\(made)"])
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "months of the audit log are made later", metadata: ["reason": .string("\(error)")])
        }
    }

    /// By itself, as it takes longer and may fail where the months could be made.
    func moveStrays() async {
        do {
            let moved = try await store.moveAuditStrays()
            if moved > 0 {
                logger.info(
                    "entries of the audit log were moved to their months",
                    metadata: ["entries": "\(moved)"])
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "entries of the audit log are moved later",
                metadata: ["reason": .string("\(error)")])
        }
    }

    /// The mark is in the log as well, which goes where nobody who can change the database can change
    /// it.
    func look() async {
        do {
            let verdict = try await store.checkpointAudit(now: Date())
            if let flaw = verdict.flaw {
                return logger.error(
                    "the audit log was changed", metadata: ["flaw": .string(flaw.sentence)])
            }
            if verdict.checked > 0 {
                logger.info(
                    "the audit log is whole", metadata: ["mark": .string("\(verdict.end)")])
            }
            guard let lifetime else { return }
            let gone = try await store.cutAudit(keeping: lifetime)
            if gone > 0 {
                logger.info("the audit log was cut", metadata: ["entries": "\(gone)"])
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "the audit log is looked at later", metadata: ["reason": .string("\(error)")])
        }
    }
}
