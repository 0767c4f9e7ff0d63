/// What became of what stood on a page, in numbers.
package struct Reception: Sendable, Equatable {
    /// Reports that are ours from now on.
    package var taken = 0
    /// What changed a report or added to it.
    package var applied = 0
    package var proposed = 0
    package var echoes = 0
    /// What we had already, by another way.
    package var known = 0
    package var quarantined = 0
    package var ignored = 0
    /// What came again under its id with other words.
    package var contradicted = 0
    /// What came before, or is no concern of ours.
    package var passed = 0

    package init() {}

    /// How many things were new to us.
    package var news: Int { taken + applied + proposed + quarantined }
}
