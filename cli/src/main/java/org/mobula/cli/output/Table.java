package org.mobula.cli.output;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Words in columns. */
public final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  public Table row(String... cells) {
    rows.add(List.of(cells));
    return this;
  }

  /** Prints the rows, each column as wide as its widest cell. */
  public void print(PrintWriter out) {
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        line.append(row.get(column)).append(" ".repeat(gap(column, row.get(column))));
      }
      out.println(line.toString().stripTrailing());
    }
  }

  private int gap(int column, String cell) {
    int width =
        rows.stream()
            .filter(row -> column < row.size()) // one that has little to say is shorter
            .mapToInt(row -> row.get(column).length())
            .max()
            .orElse(0);
    return width + 2 - cell.length();
  }
}
