package org.mobula.cli;

import java.util.Map;

/**
 * What the launcher script knows and the JVM cannot find out.
 *
 * @param columns width of the terminal that standard error is; 0 where it is none
 * @param out whether standard output is a terminal
 * @param command what the user types to start Mobula, as a shell reads it
 */
record Terminal(int columns, boolean out, String command) {
  /** Where every stream goes to a file. */
  static final Terminal NONE = new Terminal(0, false, "mobula");

  static Terminal of(Map<String, String> environment) {
    String columns = environment.getOrDefault("MOBULA_COLUMNS", "");
    return new Terminal(
        columns.matches("\\d{1,4}") ? Integer.parseInt(columns) : 0,
        environment.containsKey("MOBULA_OUT_IS_TERMINAL"),
        word(environment.getOrDefault("MOBULA_COMMAND", "mobula")));
  }

  /** The same with an option that belongs to each command typed next. */
  Terminal with(String option) {
    return new Terminal(columns, out, command + " " + option);
  }

  /** One word of a shell's command, in quotes where it would be read as something else. */
  static String word(Object value) {
    String word = value.toString();
    return word.matches("[\\w./:=@%+,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
