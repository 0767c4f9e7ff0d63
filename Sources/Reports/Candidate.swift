/// A report near a place, which what someone is about to report may repeat.
package struct Candidate: Sendable, Equatable {
    package let report: Report
    /// Metres from the place.
    package let distance: Double

    package init(report: Report, distance: Double) {
        self.report = report
        self.distance = distance
    }
}
