//! Lines of a width, and numbers in groups.

/// Breaks at spaces; a word longer than the line is cut. Following lines are indented.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let last = lines.last_mut().map_or(0, |line| line.chars().count());
            let space = usize::from(last > 0);
            if last + space + word.len() <= width {
                if let Some(line) = lines.last_mut() {
                    line.extend(std::iter::repeat_n(' ', space).chain(word));
                }
                break;
            }
            if last == 0 || (last <= 2 && lines.len() > 1) {
                let rest = word.split_off(width.saturating_sub(last).clamp(1, word.len()));
                if let Some(line) = lines.last_mut() {
                    line.extend(word);
                }
                word = rest;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// The first sentence of several.
pub(crate) fn sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

/// `16,453`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_longer_than_its_column_is_cut_and_nothing_is_lost() {
        let lines = wrap("ab abcdefghijklmnop", 5);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 5),
            "{lines:?}"
        );
        assert_eq!(lines.concat().replace(' ', ""), "ababcdefghijklmnop");
    }

    #[test]
    fn the_first_sentence_ends_at_its_point() {
        assert_eq!(sentence("4.1 it is. Look again."), "4.1 it is.");
        assert_eq!(sentence("One."), "One.");
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(
            [1, 999, 1_000, 1_234_567].map(grouped),
            ["1", "999", "1,000", "1,234,567"]
        );
    }
}
