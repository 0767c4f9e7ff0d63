import Federation
import FoundationEssentials
import GeoReport
import Reports

/// How one kind of GeoReport server speaks: data, and each value can be set for one peer alone
/// (GR-18.1).
package struct Profile: Sendable, Equatable {
    /// What it is called in the settings.
    package var name: String
    package var format: Format = .xml
    package var suffix: Suffix = .dotted
    package var keyPlace: KeyPlace = .form
    package var keyOn: KeyOn = .posts
    /// The parameters that a call may have; a resource that is not here takes any.
    package var known: [Resource: Set<String>] = [:]
    /// How reports are listed.
    package var reports = Listing()
    /// How we learn of updates, and how they are listed if we ask.
    package var updates: Updates = .none
    package var updateList = Listing()
    /// What can be handed to it.
    package var takes: Set<Taking> = [.reports]
    package var dates: Dates = .zoned
    package var multiValues: MultiValues = .brackets
    /// How many reports may be asked for by their ids at once.
    package var idsPerCall = 50
    /// What is asked as `status`, where a server lists only open reports otherwise.
    package var status: String?
    package var media: Media = .first
    package var titles: Titles = .text
    package var successes: Set<Int> = Set(200..<300)
    /// An answer of this status is an empty list, if it is an errors document.
    package var emptyStatus: Int?
    package var resend: AdapterTraits.Resend = .lookup
    package var marker: Marker = .text
    /// Attributes that we answer ourselves.
    package var facts: [String: Fact] = [:]
    package var needs: Set<Need> = []
    package var extensions: Extensions = .unasked
    /// Whose id a pushed update names.
    package var subject: Subject = .ticket
    package var words: Words = .plain

    package init(name: String) {
        self.name = name
    }
}

extension Profile {
    /// What stands behind a resource's name: `requests.xml`, `requests/xml` or nothing.
    package enum Suffix: String, Sendable, CaseIterable {
        case dotted, slashed, absent
    }

    /// Where the key goes; of a form without a body, that is the query.
    package enum KeyPlace: String, Sendable, CaseIterable {
        case form, query, header, bearer
    }

    /// Which calls carry the key.
    package enum KeyOn: String, Sendable, CaseIterable {
        case posts
        /// POSTs, and reading updates, as FixMyStreet does.
        case updates
        case all
    }

    /// What a call is about.
    package enum Resource: String, Sendable, CaseIterable {
        case services, definition, reports, report, token, updates, changes
        case newReport = "new_report"
        case newUpdate = "new_update"
        case erasure
    }

    /// How we learn of updates.
    package enum Updates: String, Sendable, CaseIterable {
        /// There are none: a report's status is all that is told.
        case none
        /// The peer sends them to us.
        case pushed
        /// We ask for them.
        case polled
        /// We follow the peer's change feed.
        case followed
    }

    package enum Taking: String, Sendable, CaseIterable {
        case reports, updates
        /// That something is to be forgotten (Specs/Peering.md).
        case erasures
    }

    /// How a time is written; never with fractions of a second.
    package enum Dates: String, Sendable, CaseIterable {
        case zoned
        /// In the peer's time zone, which is not told.
        case naive
    }

    package enum MultiValues: String, Sendable, CaseIterable {
        case brackets, repeated
    }

    /// Where the addresses of pictures go; those that find no place stand at the end of the text.
    package enum Media: String, Sendable, CaseIterable {
        case text, first, repeated, brackets
    }

    package enum Titles: String, Sendable, CaseIterable {
        case text, parameter
    }

    /// How the peer shows that a report is ours.
    package enum Marker: String, Sendable, CaseIterable {
        case none
        /// The address of the report at ours stands at the end of the text.
        case text
        /// The key of the message is a header, and a repeat is answered as the first try was.
        case header
    }

    /// What we know of a report, for questions that no citizen answers.
    package enum Fact: String, Sendable, CaseIterable {
        case id, address, title, description, place, requested
    }

    /// What a report must have, beyond the standard.
    package enum Need: String, Sendable, CaseIterable {
        case email, coordinate, address
    }

    package enum Extensions: String, Sendable, CaseIterable {
        case asked, unasked
    }

    package enum Subject: String, Sendable, CaseIterable {
        case ticket
        /// Our own id: the peer has the report from us, and calls it by that.
        case ours
    }

    /// Which words stand for a status.
    package enum Words: String, Sendable, CaseIterable {
        case plain, detail
        case detailedStatus = "detailed_status"
    }
}

extension Profile {
    /// How a list is asked for: between which times, and page by page.
    package struct Listing: Sendable, Equatable {
        /// Which time of a report the window is about.
        package var basis: Basis = .requested
        package var from = "start_date"
        /// `nil` if a window has no end.
        package var to: String? = "end_date"
        package var end: End = .optional
        /// Seconds that a window may span; `nil` is any number.
        package var longest: Int?
        package var pages: Pages = .none
        package var pageName = "page"
        package var sizeName: String?
        package var size = 100
        package var first = 1
        /// A page of fewer rows is the last one; servers list fewer than were asked for.
        package var least = 1
        /// Rows that one answer has at most, if there are no pages: so many may be too few.
        package var most: Int?

        package enum Basis: String, Sendable, CaseIterable {
            case requested, updated
        }

        package enum End: String, Sendable, CaseIterable {
            case optional, required
        }

        package enum Pages: String, Sendable, CaseIterable {
            case none, numbered, offset
        }

        package init() {}
    }
}
