package org.mobula.core.export;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.policy.PolicyFile;

/**
 * A policy as JSON that a few lines of any language read: {@code format}, which is {@value
 * #FORMAT}; {@code metadata}; {@code policy}, the spaces, the network's form, the head and the
 * normaliser, as a policy's own file has them; and {@code tensors}, of each parameter by its name
 * the {@code shape} and the {@code values} in row-major order.
 */
public final class JsonPolicyFile {
  /** Changes when a reader of old would misunderstand. */
  public static final String FORMAT = "mobula-policy-1";

  private JsonPolicyFile() {}

  /**
   * Writes a policy.
   *
   * @param metadata what else the file is to say, such as the run that the policy is of
   */
  public static void write(Path file, PolicyFile.Contents policy, Map<String, String> metadata)
      throws IOException {
    float[] parameters = policy.snapshot().parameters().values();
    try (OutputStream out = Files.newOutputStream(file);
        JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeObjectFieldStart("metadata");
      for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
        json.writeStringField(entry.getKey(), entry.getValue());
      }
      json.writeEndObject();
      json.writeFieldName("policy");
      json.writeRawValue(PolicyFile.describe(policy.spec(), policy.snapshot()));
      json.writeObjectFieldStart("tensors");
      for (ParameterLayout.Entry entry : policy.spec().network().layout().entries()) {
        json.writeObjectFieldStart(entry.name());
        json.writeArrayFieldStart("shape");
        for (int size : entry.shape()) {
          json.writeNumber(size);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("values");
        for (int i = 0; i < entry.size(); i++) {
          json.writeNumber(parameters[entry.offset() + i]);
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndObject();
      json.writeEndObject();
    }
  }
}
