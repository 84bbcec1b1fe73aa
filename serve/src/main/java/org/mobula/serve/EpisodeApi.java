package org.mobula.serve;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.mobula.core.collection.ExternalEpisodes;
import org.mobula.core.environment.ExternalEnvironment;
import org.mobula.serve.http.HttpHandler;
import org.mobula.serve.http.HttpRequest;
import org.mobula.serve.http.HttpResponder;
import org.mobula.serve.model.ActionForm;
import org.mobula.serve.protocol.ActResponse;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.EpisodeRequest;
import org.mobula.serve.protocol.FeedbackRequest;
import org.mobula.serve.protocol.InvalidRequestException;
import org.mobula.serve.record.Reward;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes by which episodes come that are learnt from: {@code POST /v1/policies/NAME/act} and
 * {@code …/feedback}, as {@link RestApi} has them.
 */
final class EpisodeApi implements HttpHandler {
  private static final Logger LOG = LoggerFactory.getLogger(EpisodeApi.class);

  private final String name;
  private final ExternalEpisodes episodes;
  private final int observationSize;
  private final int choices;
  private final ActionForm form;

  EpisodeApi(String name, ExternalEnvironment environment, ExternalEpisodes episodes) {
    this.name = name;
    this.episodes = episodes;
    this.observationSize = environment.observationSpace().size();
    this.choices = environment.masksActions() ? environment.actionSpace().maskSize() : 0;
    this.form = new ActionForm(environment.actionSpace());
  }

  @Override
  public void handle(HttpRequest request, HttpResponder responder) {
    try {
      route(request, responder);
    } catch (InvalidRequestException | IllegalArgumentException e) {
      RestCaller.error(responder, 400, String.valueOf(e.getMessage()), Map.of());
    } catch (RestApi.RouteException e) {
      RestCaller.error(responder, e.status, String.valueOf(e.getMessage()), e.headers);
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", request.method(), request.path(), e);
      RestCaller.error(responder, 500, "the server failed; its log says why", Map.of());
    }
  }

  private void route(HttpRequest request, HttpResponder responder) {
    String path = request.path();
    String asked;
    if ((asked = RestApi.between("/v1/policies/", path, "/act")) != null) {
      require(request, asked);
      act(request, responder);
    } else if ((asked = RestApi.between("/v1/policies/", path, "/feedback")) != null) {
      require(request, asked);
      feedback(request, responder);
    } else if (path.equals("/v2/health/live") || path.equals("/v2/health/ready")) {
      RestApi.require(request, "GET");
      ok(responder, Documents.flag(path.substring(path.lastIndexOf('/') + 1), true));
    } else {
      throw new RestApi.RouteException(
          404,
          "there is nothing at this path while a policy is trained; try POST /v1/policies/%s/act"
              .formatted(name),
          Map.of());
    }
  }

  private void require(HttpRequest request, String asked) {
    RestApi.require(request, "POST");
    RestApi.requireType(request, RestCaller.JSON);
    if (!asked.equals(name)) {
      String shown = asked.length() > 100 ? asked.substring(0, 100) + "…" : asked;
      throw new RestApi.RouteException(
          404, "there is no policy '%s'; there is: %s".formatted(shown, name), Map.of());
    }
  }

  private static void ok(HttpResponder responder, ByteBuffer body) {
    responder.send(200, RestCaller.JSON, Map.of(), body);
  }

  private void act(HttpRequest request, HttpResponder responder) {
    EpisodeRequest read = EpisodeRequest.read(request.body(), observationSize, choices);
    byte[] flags = read.mask();
    boolean[] mask = new boolean[choices];
    for (int i = 0; flags != null && i < choices; i++) {
      mask[i] = flags[i] != 0;
    }
    episodes.act(
        new ExternalEpisodes.Observation(
            read.sequence().id(),
            read.sequence().start(),
            read.observation(),
            mask,
            read.reward(),
            read.terminated(),
            read.truncated()),
        new Player(request, responder, form));
  }

  private void feedback(HttpRequest request, HttpResponder responder) {
    List<Reward> told = FeedbackRequest.read(request.body());
    List<ExternalEpisodes.Reward> rewards = new ArrayList<>(told.size());
    for (Reward reward : told) {
      if (reward.row() != 0) {
        throw new InvalidRequestException(
            "row is %s but a session's answers have one row, 0".formatted(reward.row()));
      }
      rewards.add(
          new ExternalEpisodes.Reward(
              reward.id(), reward.reward(), reward.terminated(), reward.truncated()));
    }
    episodes.reward(rewards, new Rewarder(request, responder, told));
  }

  private static void refuse(
      HttpResponder responder, ExternalEpisodes.Refusal why, String sentence) {
    int status =
        switch (why) {
          case UNKNOWN_SESSION -> 404;
          case OUT_OF_TURN -> 409;
          case LATER -> 503;
          case OVER -> 410;
        };
    RestCaller.error(responder, status, sentence, status == 503 ? RestCaller.LATER : Map.of());
  }

  private record Player(HttpRequest request, HttpResponder responder, ActionForm form)
      implements ExternalEpisodes.Player {
    @Override
    public boolean isGone() {
      return request.isAbandoned();
    }

    @Override
    public void act(float[] action, String id, long version) {
      ByteBuffer answer;
      try {
        answer =
            ActResponse.write(
                List.of(form.tensor(action.clone(), 1)), true, String.valueOf(version), id);
      } catch (InvalidRequestException e) { // an action that cannot be said
        RestCaller.error(responder, 500, String.valueOf(e.getMessage()), Map.of());
        return;
      }
      ok(responder, answer);
    }

    @Override
    public void end(double episodeReturn, int steps) {
      ok(responder, Documents.episode(episodeReturn, steps));
    }

    @Override
    public void refuse(ExternalEpisodes.Refusal why, String sentence) {
      EpisodeApi.refuse(responder, why, sentence);
    }
  }

  private record Rewarder(HttpRequest request, HttpResponder responder, List<Reward> told)
      implements ExternalEpisodes.Rewarder {
    @Override
    public boolean isGone() {
      return request.isAbandoned();
    }

    @Override
    public void counted(BitSet unmatched) {
      List<Reward> unknown = unmatched.stream().mapToObj(told::get).toList();
      responder.send(
          202,
          RestCaller.JSON,
          Map.of(),
          Documents.feedback(told.size() - unknown.size(), unknown));
    }

    @Override
    public void refuse(ExternalEpisodes.Refusal why, String sentence) {
      EpisodeApi.refuse(responder, why, sentence);
    }
  }
}
