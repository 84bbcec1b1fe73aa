import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plays episodes that a policy is trained on, until the training is over: java Follow.java URL
 * [NAME].
 */
public final class Follow {
  private static final Pattern ACTION = Pattern.compile("\"action\":(\\d+)");

  private final HttpClient client = HttpClient.newHttpClient();
  private final String url;

  private Follow(String url) {
    this.url = url;
  }

  /**
   * The answer to one observation; none if the episode was given up, null once training is over.
   */
  private String ask(String message) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + "/act"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(message))
            .build();
    try {
      while (true) {
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        switch (answer.statusCode()) {
          case 200 -> {
            return answer.body();
          }
          case 404 -> {
            return "";
          }
          case 410 -> {
            return null;
          }
          case 503 -> Thread.sleep(1000); // the policy learns, or others have all lanes: ask again
          default -> throw new IllegalStateException(answer.body());
        }
      }
    } catch (IOException e) { // nobody listens any more
      return null;
    }
  }

  /** An episode of 20 steps; the last answer. */
  private String play(String session) throws InterruptedException {
    double offset = 2 * Math.random() - 1;
    String answer = ask("{\"session\": \"%s\", \"observation\": [%s]}".formatted(session, offset));
    for (int step = 1; step <= 20 && answer != null && !answer.isEmpty(); step++) {
      Matcher action = ACTION.matcher(answer);
      offset += action.find() && action.group(1).equals("0") ? 0.2 : -0.2;
      answer =
          ask(
              "{\"session\": \"%s\", \"observation\": [%s], \"reward\": %s, \"truncated\": %s}"
                  .formatted(session, offset, -Math.abs(offset), step == 20));
    }
    return answer;
  }

  public static void main(String[] args) throws InterruptedException {
    Follow follow = new Follow(args[0]);
    String name = args[args.length - 1];
    int episode = 0;
    for (String last = ""; last != null; episode++) {
      last = follow.play(name + "/" + episode);
      System.out.println(last == null ? "the training is over" : last);
    }
  }
}
