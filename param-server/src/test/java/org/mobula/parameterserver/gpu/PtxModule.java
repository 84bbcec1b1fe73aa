package org.mobula.parameterserver.gpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The parts of a PTX file.
 *
 * @param entries the kernels, by name
 */
record PtxModule(Map<String, Entry> entries) {
  private static final Pattern COMMENT = Pattern.compile("//[^\n]*");
  private static final Pattern ENTRY =
      Pattern.compile(
          "\\.visible\\s+\\.entry\\s+(\\w+)\\s*\\(([^)]*)\\)\\s*\\.reqntid\\s+(\\d+), 1, 1\\s*\\{(.*?)\n\\}",
          Pattern.DOTALL);
  private static final Pattern PARAMETER = Pattern.compile("\\.param\\s+(\\.\\w+)\\s+(\\w+)");
  private static final Pattern LABEL = Pattern.compile("^(\\w+):\\s*");
  private static final Pattern GUARD = Pattern.compile("^@(!?)(%\\w+)\\s+");

  /** The type and name of a kernel's parameter. */
  record Parameter(String type, String name) {}

  /**
   * One statement.
   *
   * @param guard the predicate that it waits for, or empty
   * @param operands with brackets and braces as they are written
   */
  record Instruction(
      String guard, boolean negated, String operation, List<String> operands, String text) {}

  /** A kernel. */
  record Entry(
      String name,
      List<Parameter> parameters,
      int blockSize,
      Map<String, String> registers,
      List<Instruction> instructions,
      Map<String, Integer> labels) {}

  Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          "there is no kernel " + name + " but only " + entries.keySet());
    }
    return entry;
  }

  static PtxModule parse(String text) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    Matcher matcher = ENTRY.matcher(COMMENT.matcher(text).replaceAll(""));
    while (matcher.find()) {
      List<Parameter> parameters = new ArrayList<>();
      Matcher parameter = PARAMETER.matcher(matcher.group(2));
      while (parameter.find()) {
        parameters.add(new Parameter(parameter.group(1), parameter.group(2)));
      }
      entries.put(
          matcher.group(1),
          body(matcher.group(1), parameters, Integer.parseInt(matcher.group(3)), matcher.group(4)));
    }
    return new PtxModule(entries);
  }

  private static Entry body(
      String name, List<Parameter> parameters, int blockSize, String statements) {
    Map<String, String> registers = new HashMap<>();
    List<Instruction> instructions = new ArrayList<>();
    Map<String, Integer> labels = new HashMap<>();
    for (String part : statements.split(";", -1)) {
      String statement = part.strip();
      for (Matcher label = LABEL.matcher(statement); label.find(); ) {
        labels.put(label.group(1), instructions.size());
        statement = statement.substring(label.end());
        label = LABEL.matcher(statement);
      }
      if (statement.startsWith(".reg")) {
        String[] words = statement.split("\\s+", 3);
        for (String register : words[2].split(",", -1)) {
          registers.put(register.strip(), words[1]);
        }
      } else if (!statement.isEmpty()) {
        instructions.add(instruction(statement));
      }
    }
    return new Entry(name, parameters, blockSize, registers, instructions, labels);
  }

  private static Instruction instruction(String text) {
    String rest = text;
    String guard = "";
    boolean negated = false;
    Matcher matcher = GUARD.matcher(text);
    if (matcher.find()) {
      negated = !matcher.group(1).isEmpty();
      guard = matcher.group(2);
      rest = text.substring(matcher.end());
    }
    String[] words = rest.split("\\s+", 2);
    List<String> operands = new ArrayList<>();
    if (words.length == 2) {
      // Commas inside of braces separate the parts of one operand.
      for (String operand : words[1].split(",\\s*(?![^{]*\\})", -1)) {
        operands.add(operand.strip());
      }
    }
    return new Instruction(guard, negated, words[0], operands, text);
  }
}
