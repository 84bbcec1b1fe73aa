package org.mobula.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.PolicyModel;
import org.mobula.serve.model.TensorSpec;

/**
 * The OpenAPI document, {@code openapi.json} among the resources, completed with the names of the
 * models and with examples that they answer.
 */
final class OpenApi {
  private static final ObjectMapper JSON = new ObjectMapper();

  private OpenApi() {}

  static ByteBuffer of(List<ServedModel> models, String version) {
    try {
      ObjectNode document = (ObjectNode) JSON.readTree(Page.resource("openapi.json"));
      ((ObjectNode) document.at("/info")).put("version", version.isEmpty() ? "0" : version);
      complete(document, models);
      return ByteBuffer.wrap(JSON.writeValueAsBytes(document));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("openapi.json is no JSON", e);
    } catch (IOException e) {
      throw new UncheckedIOException("openapi.json cannot be read", e);
    }
  }

  private static void complete(ObjectNode document, List<ServedModel> models) {
    ArrayNode names = ((ObjectNode) document.at("/components/schemas/ModelName")).putArray("enum");
    ObjectNode act = examples(document, "/v1/policies/{name}/act");
    ObjectNode infer = examples(document, "/v2/models/{name}/infer");
    ObjectNode pinned = examples(document, "/v2/models/{name}/versions/{version}/infer");
    ObjectNode versions = parameterExamples(document, "Version");
    ObjectNode nameExamples = parameterExamples(document, "Name");
    for (ServedModel model : models) {
      names.add(model.name());
      nameExamples.putObject(model.name()).put("value", model.name());
      Deployment main = model.main();
      if (main == null) {
        continue;
      }
      versions.putObject(model.name()).put("value", main.version());
      List<TensorSpec> inputs = main.signature().inputs();
      ObjectNode example = act.putObject(model.name()).putObject("value");
      example.set("observation", row(inputs.get(0), 1));
      if (inputs.size() > 1 && main.batcher().model() instanceof PolicyModel) {
        example.set(PolicyModel.MASK, row(inputs.get(1), 1));
      }
      for (ObjectNode examples : List.of(infer, pinned)) {
        ArrayNode tensors = examples.putObject(model.name()).putObject("value").putArray("inputs");
        inputs.forEach(spec -> tensor(tensors.addObject(), spec));
      }
    }
  }

  private static ObjectNode examples(ObjectNode document, String path) {
    ObjectNode content =
        (ObjectNode)
            document
                .path("paths")
                .path(path)
                .path("post")
                .path("requestBody")
                .path("content")
                .path("application/json");
    return content.putObject("examples");
  }

  private static ObjectNode parameterExamples(ObjectNode document, String parameter) {
    return ((ObjectNode) document.at("/components/parameters/" + parameter)).putObject("examples");
  }

  private static void tensor(ObjectNode tensor, TensorSpec spec) {
    tensor.put("name", spec.name()).put("datatype", spec.datatype().name());
    ArrayNode shape = tensor.putArray("shape");
    spec.shape().forEach(dimension -> shape.add(Math.abs(dimension)));
    tensor.set("data", row(spec, 0));
  }

  /** One row of zeros, or of true; flat; the dimensions that may be any are 1. */
  private static ArrayNode row(TensorSpec spec, int from) {
    ArrayNode row = JSON.createArrayNode();
    int size = spec.shape().stream().skip(from).reduce(1, (a, b) -> Math.abs(a * b));
    for (int i = 0; i < size; i++) {
      if (spec.datatype() == Datatype.BOOL) {
        row.add(true); // no mask may forbid everything
      } else {
        row.add(0);
      }
    }
    return row;
  }
}
