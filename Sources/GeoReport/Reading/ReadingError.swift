/// Why a document of someone else was not taken in, told as what to do next.
package enum ReadingError: Error, Sendable, Equatable {
    /// It is not well-formed, or beyond the limits: ask again, or elsewhere.
    case malformed(String)
    /// It is another document than the one that was asked for: look at the address.
    case unexpected(String)
    /// The server answered with errors of its own, whatever its status was (GR-10).
    case refused([ReadFault])
}

/// One error that a server told us.
package struct ReadFault: Sendable, Equatable {
    package let code: Int?
    package let description: String

    package init(code: Int?, description: String) {
        self.code = code
        self.description = description
    }
}

/// A row that could not be read; its neighbours could.
package struct RowProblem: Error, Sendable, Equatable {
    /// Counted from 1; in a CSV file as a spreadsheet counts: the names of the columns are row 1.
    package let row: Int
    /// One sentence for whoever imports, without anything that stood in the row.
    package let problem: String

    package init(row: Int, problem: String) {
        self.row = row
        self.problem = problem
    }
}

/// How large a document of someone else may be.
package enum ReadingLimits: Sendable {
    /// What a server answers (X1).
    case answer
    /// What an operator imports from a disk.
    case file
}
