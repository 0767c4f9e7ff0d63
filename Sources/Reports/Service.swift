/// A kind of report that a jurisdiction takes.
package struct Service: Sendable, Equatable {
    package let code: Code
    package let name: Localized
    package let description: Localized
    /// The heading it stands under; never empty, because two phone apps crash on null (GR-4).
    package let group: Localized
    /// Further headings it stands under, for clients that know of several (GR-4).
    package let otherGroups: [Localized]
    /// Tags without blanks or commas, in the order given.
    package let keywords: [String]
    package let answersWith: Receipt
    package let visibility: Visibility
    /// How exactly the public is shown where its reports are.
    package let precision: Precision
    /// What the reporter is told will happen.
    package let notice: Localized
    /// The office that handles it, as shown to the public.
    package let agency: Localized
    /// In the order in which they are asked.
    package let attributes: [Attribute]

    /// What a POST is answered with: GeoReport's `type` (`blackbox` is not offered, GR-A42).
    package enum Receipt: Sendable, Equatable {
        /// The report's id, at once.
        case realtime
        /// A token that resolves to the id after this time.
        case batch(resolvesAfter: Duration)
    }

    package init(
        code: Code, name: Localized, description: Localized = Localized([:]), group: Localized,
        otherGroups: [Localized] = [], keywords: [String] = [], answersWith: Receipt = .realtime,
        visibility: Visibility = .public, precision: Precision = .exact,
        notice: Localized = Localized([:]),
        agency: Localized = Localized([:]), attributes: [Attribute] = []
    ) {
        self.code = code
        self.name = name
        self.description = description
        self.group = group
        self.otherGroups = otherGroups
        self.keywords = keywords
        self.answersWith = answersWith
        self.visibility = visibility
        self.precision = precision
        self.notice = notice
        self.agency = agency
        self.attributes = attributes
    }

    /// A service's code: an opaque name of up to 128 printable bytes.
    ///
    /// Codes that we mint ourselves keep to `MintedName`; a city's own may hold blanks, slashes and colons.
    package struct Code: Identifier {
        package let rawValue: String

        /// A code, or `nil` if the text is empty, too long, or holds a comma (the list separator)
        /// or a control character.
        package init?(rawValue: String) {
            let bytes = rawValue.utf8
            guard (1...128).contains(bytes.count),
                bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ",") })
            else { return nil }
            self.rawValue = rawValue
        }
    }
}

/// One question of a service (GR-5).
package struct Attribute: Sendable, Equatable {
    package let code: Code
    package let datatype: Datatype
    package let purpose: Purpose
    package let question: Localized
    /// A hint for the input.
    package let hint: Localized
    /// Who may see what is answered: a number plate is nobody's business but the handler's.
    package let visibility: Visibility

    package init(
        code: Code, datatype: Datatype, purpose: Purpose, question: Localized,
        hint: Localized = Localized([:]), visibility: Visibility = .public
    ) {
        self.code = code
        self.datatype = datatype
        self.purpose = purpose
        self.question = question
        self.hint = hint
        self.visibility = visibility
    }

    /// What an attribute is for: `variable` and `required` of GeoReport in one.
    package enum Purpose: Sendable, Equatable {
        /// Text for the reporter; there is nothing to answer.
        case information
        case optional
        case required
    }

    /// GeoReport's six datatypes; only lists have values.
    package enum Datatype: Sendable, Equatable {
        case string
        case number
        case datetime
        case text
        case singleValueList([Value])
        case multiValueList([Value])

        /// The choices of a list; `nil` for the other datatypes.
        package var values: [Value]? {
            switch self {
            case .string, .number, .datetime, .text: nil
            case .singleValueList(let values), .multiValueList(let values): values
            }
        }
    }

    /// One choice of a list.
    package struct Value: Sendable, Equatable {
        package let key: String
        package let name: Localized

        package init(key: String, name: Localized) {
            self.key = key
            self.name = name
        }
    }

    /// An attribute's code: the `X` of `attribute[X]`, 1 to 64 bytes without brackets or controls.
    package struct Code: Identifier {
        package let rawValue: String

        package init?(rawValue: String) {
            let bytes = rawValue.utf8
            let brackets = [UInt8(ascii: "["), UInt8(ascii: "]")]
            guard (1...64).contains(bytes.count),
                bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && !brackets.contains($0) })
            else { return nil }
            self.rawValue = rawValue
        }
    }
}

/// What was answered to one attribute: one value, or several for a list.
package struct Answer: Sendable, Equatable {
    package let code: Attribute.Code
    package let values: [String]

    package init(code: Attribute.Code, values: [String]) {
        self.code = code
        self.values = values
    }
}
