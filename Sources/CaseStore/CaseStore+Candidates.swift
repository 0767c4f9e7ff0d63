import FoundationEssentials
import Reports

extension CaseStore {
    /// The open reports around a place, the nearest first: what to show before the same is reported
    /// again.
    package func candidates(
        near place: Coordinate, radius: Double, service: Service.Code? = nil,
        in jurisdiction: Jurisdiction.ID, stage: Stage, limit: Int, now: Date
    ) async throws(CaseStoreError) -> [Candidate] {
        var conditions = ReportFilter.Conditions()
        conditions.status = .open
        conditions.services = service.map { [$0] } ?? []
        conditions.circle = Circle(center: place, radius: radius)
        let filter = ReportFilter(
            jurisdiction: jurisdiction, stage: stage, scope: .matching(conditions),
            sort: ReportFilter.Sort(key: .distance, direction: .ascending),
            page: ReportFilter.Page(size: limit))
        return try await reports(filter, now: now).reports.compactMap { report in
            report.coordinate.map {
                Candidate(report: report, distance: place.distance(to: $0))
            }
        }
    }
}
