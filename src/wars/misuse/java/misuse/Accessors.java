package misuse;

import jakarta.servlet.http.HttpSession;
import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** {@code HttpSession.Accessor} by reflection: Servlet 6.1 has it, 6.0 does not, and one WAR is for both. */
final class Accessors {
    private static final String NONE = "no accessor";

    private Accessors() {}

    /** An accessor of this session, or nothing where there are none. */
    static Object of(HttpSession session) {
        try {
            return session == null
                    ? null
                    : HttpSession.class.getMethod("getAccessor").invoke(session);
        } catch (NoSuchMethodException e) {
            return null;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Does what {@code words} say to the session that an accessor gives, on a bare thread, and waits. */
    static String access(Object accessor, String words) {
        return accessor == null
                ? NONE
                : CompletableFuture.supplyAsync(() -> accessHere(accessor, words), Words::runBare)
                        .join();
    }

    private static String accessHere(Object accessor, String words) {
        StringBuilder answer = new StringBuilder();
        Consumer<HttpSession> consumer = session -> answer.append(Words.answer(session, words));
        try {
            Class.forName("jakarta.servlet.http.HttpSession$Accessor", false, HttpSession.class.getClassLoader())
                    .getMethod("access", Consumer.class)
                    .invoke(accessor, consumer);
        } catch (InvocationTargetException e) {
            answer.append("!").append(e.getCause().getClass().getSimpleName());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
        return answer.toString();
    }
}
