package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.HttpCookie;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * One person's browser: the cookies it has got from one node it brings to the others too, as the port of a host is no
 * part of a cookie. Redirects are not followed. Thread-safe.
 */
final class Browser {
    /** How long an answer may take. */
    static final Duration LIMIT = Duration.ofSeconds(40);

    private final Set<String> seenSessionIds;
    private final CookieManager cookies = new CookieManager(null, CookiePolicy.ACCEPT_ALL);
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .cookieHandler(cookies)
            .connectTimeout(LIMIT)
            .build();

    /** @param seenSessionIds where every session id that this browser gets is added */
    Browser(Set<String> seenSessionIds) {
        this.seenSessionIds = seenSessionIds;
    }

    /** Says one line to the session of the web application {@code live}, and returns the answer. Blocks. */
    String says(LiveWar war, String message) {
        HttpResponse<String> response = gets(war.say(message));

        assertThat(response.statusCode())
                .as("%s at %s: %s", message, war, response.body())
                .isEqualTo(200);
        return response.body();
    }

    /**
     * As {@link #says}, where a node has just died: for so long its cluster may refuse, and is asked again.
     *
     * @param limit how long it may
     */
    String saysWhenServed(LiveWar war, String message, Duration limit) {
        HttpResponse<String> response =
                await().atMost(limit).until(() -> gets(war.say(message)), answer -> answer.statusCode() != 503);

        assertThat(response.statusCode())
                .as("%s at %s: %s", message, war, response.body())
                .isEqualTo(200);
        return response.body();
    }

    /** As {@link #says}, but does not wait for the answer. */
    CompletableFuture<String> saysLater(LiveWar war, String message) {
        return http.sendAsync(request(war.say(message)).build(), HttpResponse.BodyHandlers.ofString())
                .thenApply(HttpResponse::body);
    }

    /** Opens a WebSocket to an endpoint of the web application {@code live}. Blocks until it is open. */
    Socket opens(LiveWar war, Way way) {
        return opens(war.socket(way));
    }

    /** Opens a WebSocket. Blocks until it is open. */
    Socket opens(URI uri) {
        return Socket.open(http, uri);
    }

    /** Tries to open a WebSocket and returns the status of the answer; one that opens is dropped. Blocks. */
    int upgrades(URI uri) {
        try {
            http.newWebSocketBuilder()
                    .connectTimeout(LIMIT)
                    .buildAsync(uri, new WebSocket.Listener() {})
                    .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                    .abort();
            return 101;
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof WebSocketHandshakeException refused) {
                return refused.getResponse().statusCode();
            }
            throw new IllegalStateException("no answer to an upgrade", failure);
        } catch (TimeoutException failure) {
            throw new IllegalStateException("no answer to an upgrade", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted before the answer to an upgrade", interrupted);
        }
    }

    /** Sends a GET, with these headers, name and value in turns. Blocks. */
    HttpResponse<String> gets(URI uri, String... headers) {
        HttpRequest.Builder request = request(uri);
        return sends(headers.length == 0 ? request : request.headers(headers));
    }

    /** Sends a form by POST. Blocks. */
    HttpResponse<String> posts(URI uri, String form) {
        return sends(request(uri)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form, StandardCharsets.UTF_8)));
    }

    /** The value of the session cookie that this browser would bring to {@code uri}. */
    String sessionCookie(URI uri) {
        return sessionCookies().entrySet().stream()
                .filter(cookie -> uri.getPath().startsWith(cookie.getKey()))
                .map(Map.Entry::getValue)
                .findAny()
                .orElseThrow(() -> new AssertionError("no session cookie for " + uri));
    }

    /** Brings this session id to every page below {@code path} from now on. */
    void takesSessionCookie(URI uri, String path, String value) {
        var cookie = new HttpCookie("JSESSIONID", value);
        cookie.setPath(path);
        cookie.setVersion(0);
        cookies.getCookieStore().add(uri, cookie);
    }

    /** Sends a request and waits for the answer. */
    static HttpResponse<String> send(HttpClient http, HttpRequest request) {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException failure) {
            throw new UncheckedIOException("no answer to " + request, failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted before the answer to " + request, interrupted);
        }
    }

    private HttpResponse<String> sends(HttpRequest.Builder request) {
        try {
            return send(http, request.build());
        } finally {
            // The part before a node's suffix is what must not stand in a log.
            sessionCookies().values().forEach(value -> seenSessionIds.add(value.split("\\.", 2)[0]));
        }
    }

    private Map<String, String> sessionCookies() {
        return cookies.getCookieStore().getCookies().stream()
                .filter(cookie -> cookie.getName().equals("JSESSIONID"))
                .collect(Collectors.toMap(HttpCookie::getPath, HttpCookie::getValue, (first, second) -> second));
    }

    private static HttpRequest.Builder request(URI uri) {
        return HttpRequest.newBuilder(uri).timeout(LIMIT);
    }
}
