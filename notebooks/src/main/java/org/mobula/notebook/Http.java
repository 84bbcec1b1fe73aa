package org.mobula.notebook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;

/** A request in one line of a cell. */
public final class Http {
  private Http() {}

  /**
   * What a server answers to an object of JSON, a refusal included.
   *
   * @param values by their names: numbers, texts, lists, arrays and maps of such
   * @throws UncheckedIOException if nobody answers there
   */
  public static String post(String url, Map<String, ?> values) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json(values)))
            .build();
    try {
      return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException e) {
      throw new UncheckedIOException("no answer from " + url + ": " + e, e);
    }
  }

  private static String json(Map<String, ?> values) {
    try {
      return new ObjectMapper().writeValueAsString(values);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + values, e);
    }
  }
}
