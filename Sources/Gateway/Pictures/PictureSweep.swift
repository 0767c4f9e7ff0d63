import CaseStore
import FoundationEssentials
import Logging
import Media
import Reports

/// Removes the files that no report and no update names: a crash between a file and its row left
/// them, or a report that was refused after all (M9).
package struct PictureSweep: Sendable {
    private let pictures: PictureStore
    private let store: CaseStore
    private let age: Duration
    private let logger: Logger

    /// A file that was written, or asked for by a POST, within `age` stays: its report may just be
    /// on its way.
    package init(
        _ pictures: PictureStore, store: CaseStore, age: Duration = .seconds(86_400),
        logger: Logger
    ) {
        self.pictures = pictures
        self.store = store
        self.age = age
        self.logger = logger
    }

    /// Sweeps once an hour, or more often if the age is less, until it is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                let removed = try await sweep(now: Date())
                if removed > 0 {
                    logger.info("orphans removed", metadata: ["files": .stringConvertible(removed)])
                }
            } catch {
                logger.warning("orphans stay for now", metadata: ["reason": .string("\(error)")])
            }
            try? await Task.sleep(for: max(.seconds(1), min(age, .seconds(3600))))
        }
    }

    /// Removes what is old and nobody's, and answers how many files that were.
    ///
    /// One that is put again meanwhile stays: the store looks at its age once more.
    package func sweep(now: Date) async throws -> Int {
        let time = now.addingTimeInterval(0 - age / .seconds(1))
        var removed = 0
        for shard in UInt8.min...UInt8.max {
            let old = try await pictures.names(in: shard, olderThan: time)
            for start in stride(from: 0, to: old.count, by: 1000) {
                let names = old[start..<min(start + 1000, old.count)]
                let orphans = try await store.unreferenced(Array(Set(names.map(\.digest))))
                for name in names where orphans.contains(name.digest) {
                    try await pictures.remove(name, olderThan: time)
                    removed += 1
                }
            }
        }
        return removed
    }
}
