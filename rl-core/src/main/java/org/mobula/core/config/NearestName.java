package org.mobula.core.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Guesses which name was meant by a misspelt one. */
public final class NearestName {
  private NearestName() {}

  /**
   * The candidate with the fewest edits (a letter added, dropped, changed, or two neighbours
   * swapped; large or small is the same letter) to {@code name}; of equally near ones the first in
   * alphabetical order. One edit is always forgiven, and more up to a third of the name's letters;
   * beyond that, the first candidate that begins with a name of three letters or more.
   */
  public static Optional<String> of(String name, Collection<String> candidates) {
    int forgiven = Math.max(1, name.length() / 3);
    return candidates.stream()
        .filter(candidate -> edits(name, candidate) <= forgiven)
        .min(
            Comparator.<String>comparingInt(candidate -> edits(name, candidate))
                .thenComparing(Comparator.naturalOrder()))
        .or(() -> beginning(name, candidates));
  }

  private static Optional<String> beginning(String name, Collection<String> candidates) {
    return candidates.stream()
        .filter(candidate -> name.length() >= 3)
        .filter(candidate -> candidate.regionMatches(true, 0, name, 0, name.length()))
        .min(Comparator.naturalOrder());
  }

  /** The optimal string alignment distance: Levenshtein's with swaps of neighbours. */
  private static int edits(String from, String to) {
    int[][] distance = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          distance[i][j] = i + j;
          continue;
        }
        int changed = isSame(from.charAt(i - 1), to.charAt(j - 1)) ? 0 : 1;
        int least = Math.min(distance[i - 1][j], distance[i][j - 1]) + 1;
        least = Math.min(least, distance[i - 1][j - 1] + changed);
        if (i > 1
            && j > 1
            && isSame(from.charAt(i - 1), to.charAt(j - 2))
            && isSame(from.charAt(i - 2), to.charAt(j - 1))) {
          least = Math.min(least, distance[i - 2][j - 2] + 1);
        }
        distance[i][j] = least;
      }
    }
    return distance[from.length()][to.length()];
  }

  private static boolean isSame(char one, char other) {
    return Character.toLowerCase(one) == Character.toLowerCase(other);
  }
}
