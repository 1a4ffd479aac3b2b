package misuse;

import jakarta.servlet.ServletContext;
import java.util.List;

/** Stops and starts other web applications of the server, as an operator does by JMX: by the names of Jetty's methods, whose classes no WAR sees. */
final class Contexts {
    private Contexts() {}

    /** Calls a method without parameters of the handler that has this context path. */
    static String tell(ServletContext asked, String path, String method) {
        try {
            Object server = call(call(asked, "getContextHandler"), "getServer");
            for (Object handler : (List<?>) call(server, "getDescendants")) {
                if (handler.getClass().getSimpleName().equals("WebAppContext")
                        && path.equals(call(handler, "getContextPath"))) {
                    call(handler, method);
                    return "ok";
                }
            }
            return "no context " + path;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object call(Object target, String method) throws ReflectiveOperationException {
        return target.getClass().getMethod(method).invoke(target);
    }
}
