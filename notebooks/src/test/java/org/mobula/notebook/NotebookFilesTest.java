package org.mobula.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NotebookFilesTest {
  static List<Path> notebooks() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(""))) {
      return files.filter(file -> file.toString().endsWith(".ipynb")).sorted().toList();
    }
  }

  @Test
  void thereAreFive() throws IOException {
    assertThat(notebooks()).hasSize(5);
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void holdsNoOutputsAndNamesTheKernel(Path file) throws IOException {
    JsonNode notebook = new ObjectMapper().readTree(file.toFile());
    assertThat(notebook.at("/metadata/kernelspec/name").asText()).isEqualTo("java");
    for (JsonNode cell : notebook.get("cells")) {
      if (cell.get("cell_type").asText().equals("code")) {
        assertThat(cell.get("outputs")).as(cell.get("source").toString()).isEmpty();
        assertThat(cell.get("execution_count").isNull()).isTrue();
      }
    }
  }
}
