package org.mobula.core.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.network.ParameterLayout.Entry;
import org.mobula.core.parameters.SafetensorsFile;

/**
 * The networks that are learnt beside the policy's, in a file of a checkpoint: their parameters as
 * tensors, and how they lie in the flat vector in the file's metadata.
 *
 * @param layout of all networks, the policy's first
 * @param values of all networks
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
record NetworksFile(ParameterLayout layout, float[] values) {
  private static final String LAYOUT = "layout";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Writes the networks but the policy's; nothing where there are none. */
  static void write(Path file, ParameterLayout layout, float[] values) throws IOException {
    ArrayNode entries = JSON.createArrayNode();
    for (Entry entry : layout.entries()) {
      if (!entry.network().equals(ParameterLayout.POLICY)) {
        entries
            .addObject()
            .put("name", entry.name())
            .put("group", entry.group())
            .put("network", entry.network());
      }
    }
    if (!entries.isEmpty()) {
      Map<String, SafetensorsFile.Tensor> tensors = SafetensorsFile.split(layout, "", values);
      tensors
          .keySet()
          .removeIf(name -> layout.entry(name).network().equals(ParameterLayout.POLICY));
      new SafetensorsFile(tensors, Map.of(LAYOUT, JSON.writeValueAsString(entries))).write(file);
    }
  }

  /**
   * Reads what was written beside a policy.
   *
   * @throws IOException if the file is cut off or broken
   */
  static NetworksFile read(Path file, ParameterLayout policy, float[] values) throws IOException {
    if (!Files.exists(file)) {
      return new NetworksFile(policy, values);
    }
    SafetensorsFile contents = SafetensorsFile.read(file);
    try {
      List<Entry> entries = new ArrayList<>(policy.entries());
      List<float[]> numbers = new ArrayList<>(List.of(values));
      int offset = policy.size();
      for (JsonNode each : JSON.readTree(contents.metadata().getOrDefault(LAYOUT, "[]"))) {
        String name = each.required("name").asText();
        SafetensorsFile.Tensor tensor = contents.tensors().get(name);
        if (tensor == null) {
          throw new IllegalArgumentException("the tensor " + name + " is missing");
        }
        Entry entry =
            new Entry(
                name,
                tensor.shape(),
                offset,
                each.required("group").asText(),
                each.required("network").asText());
        entries.add(entry);
        numbers.add(tensor.values());
        offset = Math.addExact(offset, entry.size());
      }
      ParameterLayout layout = new ParameterLayout(entries);
      float[] all = new float[layout.size()];
      int at = 0;
      for (float[] each : numbers) {
        System.arraycopy(each, 0, all, at, each.length);
        at += each.length;
      }
      return new NetworksFile(layout, all);
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new IOException(file + " is broken: " + e.getMessage(), e);
    }
  }
}
