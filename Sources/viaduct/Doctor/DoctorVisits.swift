import Foundation
import Gateway
import Synchronization

/// The doctor's visits to a server that runs, every five minutes, so that the metrics tell what he
/// found and somebody is woken (O5).
///
/// A class for what he found last, under a mutex.
final class DoctorVisits: Sendable {
    private let deployment: Deployment
    private let last = Mutex<(chart: Chart, time: Date)?>(nil)

    init(_ deployment: Deployment) {
        self.deployment = deployment
    }

    /// Visits until it is cancelled; the first time soon after the start, when the server is at work.
    func run() async {
        try? await Task.sleep(for: .seconds(3))
        while !Task.isCancelled {
            var doctor = Doctor(.visit)
            await doctor.visit(deployment)
            let chart = doctor.chart
            last.withLock { $0 = (chart, Date()) }
            try? await Task.sleep(for: .seconds(300))
        }
    }

    /// What he found: how many findings of each examination, and when he looked.
    var gauges: [Gauge] {
        guard let (chart, time) = last.withLock({ $0 }) else { return [] }
        var visit = Gauge(
            "viaduct_doctor_visit_timestamp_seconds", help: "When viaduct doctor looked last.")
        visit.add(Int(time.timeIntervalSince1970))
        var findings = Gauge(
            "viaduct_findings", help: "What viaduct doctor found when it looked last.")
        for examination in Examination.allCases {
            for level in [Complaint.Level.warning, .wrong] {
                let found = chart.complaints(of: examination).filter { $0.level == level }
                guard !found.isEmpty else { continue }
                findings.add(
                    found.count, ["check": examination.rawValue, "level": level.rawValue])
            }
        }
        return [visit, findings] + backup
    }

    private var backup: [Gauge] {
        guard let last = BackupShelf(of: deployment.settings.data)?.backups.last else { return [] }
        var finished = Gauge(
            "viaduct_backup_finished_timestamp_seconds",
            help: "When the last whole backup was finished.")
        finished.add(Int(last.finished.timeIntervalSince1970))
        return [finished]
    }
}
