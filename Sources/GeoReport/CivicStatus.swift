import Reports

/// CitySDK's words for where a report stands, which its clients read in `detailed_status` (GR-13.3).
enum CivicStatus: String, CaseIterable {
    case received = "RECEIVED"
    case inProcess = "IN_PROCESS"
    case processed = "PROCESSED"
    case rejected = "REJECTED"
    case archived = "ARCHIVED"

    init(_ detail: Detail) {
        self =
            switch detail {
            case .open, .forTriage, .reopen: .received
            case .investigating, .planned, .actionScheduled, .inProgress, .internalReferral:
                .inProcess
            case .fixed, .closed: .processed
            case .duplicate, .notCouncilsResponsibility, .noFurtherAction: .rejected
            case .cancelled: .archived
            }
    }

    /// The details that the word stands for.
    var details: [Detail] { Detail.allCases.filter { CivicStatus($0) == self } }
}
