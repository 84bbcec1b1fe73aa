package org.mobula.tune.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InequalityTest {
  private static final List<String> NAMES = List.of("a", "ppo.batch-size");

  @ParameterizedTest
  @CsvSource({
    "a < 4, true",
    "a <= 3, true",
    "a > 3, false",
    "a == 3, true",
    "a != 3, false",
    "ppo.batch-size - a >= 5, true",
    "1_0 % 4 + 1 == a, true",
    "-(a - 5) * 2 == ppo.batch-size / 2, true",
    "2 + 2 * a == ppo.batch-size, true",
    "a < 3.5e-1 * ppo.batch-size + 1., true",
  })
  void holdsAsInArithmetic(String text, boolean holds) {
    Map<String, Object> values = Map.of("a", 3L, "ppo.batch-size", 8.0);
    assertThat(Inequality.parse(text, NAMES).holds(values)).isEqualTo(holds);
  }

  @ParameterizedTest
  @CsvSource({"a > ppo.batch-size", "a - ppo.batch-size == 1"})
  void isKeptWhereAParameterIsNotThere(String text) {
    assertThat(Inequality.parse(text, NAMES).holds(Map.of("a", 3L))).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a|must be a comparison such as a <= 2 * b",
        "a <|must be a comparison such as a <= 2 * b",
        "a < b|names b, which is not in the space: there are [a, ppo.batch-size]",
        "a < 1 < 2|has '< 2', which is neither number, parameter nor one of + - * / % ( )",
        "a < 1.2.3|has '.3', which is neither number, parameter nor one of + - * / % ( )",
        "a < (1|cannot be read at its end",
        "a < 1 a|cannot be read at 'a'",
        "* a < 1|cannot be read at '*'",
      })
  void mistakesAreExplained(String text, String error) {
    assertThatThrownBy(() -> Inequality.parse(text, NAMES))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the constraint '%s' %s".formatted(text, error));
  }
}
