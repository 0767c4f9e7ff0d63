import GeoReport

/// Where in a document a value is: `[0].service_code`, `endpoints[*].type`, `.` for all of it.
package struct TreePath: Sendable, Equatable {
    package let steps: [Step]

    /// One way down from a value.
    package enum Step: Sendable, Equatable {
        case member(String)
        /// Counted from 0; from the end if negative.
        case index(Int)
        /// Every element, and what is said holds for each.
        case every
        /// Every element, and what is said holds for at least one.
        case some
        /// The elements whose member has this text.
        case those(member: String, text: String)
    }

    /// A path, or `nil` if the text is none.
    package init?(_ text: String) {
        var steps: [Step] = []
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        if rest == "." { rest = "" }
        while !rest.isEmpty {
            if rest.first == "[" {
                guard let end = rest.firstIndex(of: "]"),
                    let step = Self.bracketed(rest[..<end].dropFirst())
                else { return nil }
                steps.append(step)
                rest = rest[rest.index(after: end)...]
            } else {
                if rest.first == "." { rest = rest.dropFirst() }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
                else { return nil }
                steps.append(.member(String(name)))
                rest = rest.dropFirst(name.count)
            }
        }
        self.steps = steps
    }

    private static func bracketed(_ text: Substring) -> Step? {
        switch text {
        case "*": return .every
        case "?": return .some
        default: break
        }
        if let number = Int(text) { return .index(number) }
        guard let halves = text.components(around: "=") else { return nil }
        return .those(member: halves.0, text: halves.1)
    }

    /// Whether the path may lead to several values.
    package var isPlural: Bool {
        steps.contains {
            switch $0 {
            case .member, .index: false
            case .every, .some, .those: true
            }
        }
    }

    /// Whether one fitting value is enough.
    package var isExistential: Bool { steps.contains(.some) }

    /// The values that the path leads to; `nil` where there is none.
    package func values(in tree: Tree) -> [Tree?] {
        steps.reduce([tree]) { values, step in
            values.flatMap { $0.map { Self.go(step, from: $0) } ?? [nil] }
        }
    }

    private static func go(_ step: Step, from tree: Tree) -> [Tree?] {
        switch step {
        case .member(let name): return [tree.member(name)]
        case .index(let number):
            let elements = tree.elements ?? []
            let position = number < 0 ? elements.count + number : number
            return [elements.indices.contains(position) ? elements[position] : nil]
        case .every, .some: return (tree.elements ?? []).map { $0 }
        case .those(let name, let text):
            return (tree.elements ?? []).filter { $0.member(name)?.text == text }
        }
    }
}
