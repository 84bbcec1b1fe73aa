package org.mobula.cli.output;

import java.util.Map;

/**
 * What the launcher script knows and the JVM cannot find out.
 *
 * @param columns width of the terminal that standard error is; 0 where it is none, or one without
 *     escape sequences
 * @param out whether standard output is a terminal with escape sequences
 * @param command what the user types to start Mobula, as a shell reads it
 */
public record Terminal(int columns, boolean out, String command) {
  /** Where every stream goes to a file. */
  public static final Terminal NONE = new Terminal(0, false, "mobula");

  public static Terminal of(Map<String, String> environment) {
    String columns = environment.getOrDefault("MOBULA_COLUMNS", "");
    boolean plain = plain(environment);
    return new Terminal(
        columns.matches("\\d{1,4}") && !plain ? Integer.parseInt(columns) : 0,
        environment.containsKey("MOBULA_OUT_IS_TERMINAL") && !plain,
        word(environment.getOrDefault("MOBULA_COMMAND", "mobula")));
  }

  /**
   * Whether a terminal is to be written to as if it were a file: it knows no escape sequences, or
   * its user wants none (no-color.org).
   */
  private static boolean plain(Map<String, String> environment) {
    String type = environment.getOrDefault("TERM", "");
    return type.equals("dumb")
        || type.equals("unknown")
        || !environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** The same with an option that belongs to each command typed next. */
  public Terminal with(String option) {
    return new Terminal(columns, out, command + " " + option);
  }

  /** One word of a shell's command, in quotes where it would be read as something else. */
  public static String word(Object value) {
    String word = value.toString();
    return word.matches("[\\w./:=@%+,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
