package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;

/**
 * Many people, each known by the id of a session, who share the connections of one client: hundreds of {@link Browser}s
 * would cost more than what they ask for. Thread-safe.
 */
final class Crowd {
    private final Set<String> seenSessionIds;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** @param seenSessionIds where the id of every session that somebody opens is added */
    Crowd(Set<String> seenSessionIds) {
        this.seenSessionIds = seenSessionIds;
    }

    /** Opens a session of that owner, and returns its id. Blocks. */
    String opens(LiveWar war, String owner) {
        String id = said(sends(HttpRequest.newBuilder(war.say("open " + owner))));
        seenSessionIds.add(id);
        return id;
    }

    /** Says one line to the session of that id, and returns the answer. Blocks. */
    String says(LiveWar war, String id, String message) {
        return said(gets(war, id, message));
    }

    /** As {@link #says}, whatever the status of the answer. */
    HttpResponse<String> gets(LiveWar war, String id, String message) {
        return sends(HttpRequest.newBuilder(war.say(message)).header("Cookie", "JSESSIONID=" + id));
    }

    private static String said(HttpResponse<String> answer) {
        assertThat(answer.statusCode())
                .as("%s: %s", answer.uri(), answer.body())
                .isEqualTo(200);
        return answer.body();
    }

    private HttpResponse<String> sends(HttpRequest.Builder request) {
        return Browser.send(http, request.timeout(Browser.LIMIT).build());
    }
}
