"""Plays episodes that a policy is trained on, until the training is over: follow.py URL [NAME]"""
import json, random, sys, time, urllib.error, urllib.request

def ask(url, **message):
    """The answer to one observation; {} if the episode was given up, None once the training is over."""
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + "/act", json.dumps(message).encode(), head)
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 503:
                if error.code not in (404, 410):
                    sys.exit(error.read().decode())
                return {} if error.code == 404 else None
            time.sleep(1)  # the policy learns, or other clients have all lanes: ask again
        except OSError:  # nobody listens any more
            return None

def play(url, session):
    """An episode of 20 steps; its return."""
    offset = random.uniform(-1, 1)
    answer = ask(url, session=session, observation=[offset])
    for step in range(1, 21):
        if not answer:
            return answer
        offset += 0.2 if answer["action"] == 0 else -0.2
        answer = ask(url, session=session, observation=[offset], reward=-abs(offset), truncated=step == 20)
    return answer and answer["episode_return"]

url, returns = sys.argv[1], []
while (last := play(url, f"{sys.argv[-1]}/{len(returns)}")) is not None:
    returns += [last] if last != {} else []
first, last = sum(returns[:20]) / 20, sum(returns[-20:]) / 20
print(f"{len(returns)} episodes, mean return {first:.1f} of the first 20, {last:.1f} of the last")
sys.exit(not returns)
