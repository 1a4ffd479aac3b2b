package sockets;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Wraps the session of some upgrades, as frameworks do: the attribute {@code wrapped} is there and nowhere stored. */
@WebFilter({"/wrapped", "/jettywrapped"})
public class Wrapping extends HttpFilter {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        chain.doFilter(
                new HttpServletRequestWrapper(request) {
                    private HttpSession wrapper;

                    @Override
                    public HttpSession getSession() {
                        return getSession(true);
                    }

                    @Override
                    public HttpSession getSession(boolean create) {
                        HttpSession session = super.getSession(create);
                        if (wrapper == null && session != null) {
                            wrapper = wrap(session);
                        }
                        return wrapper;
                    }
                },
                response);
    }

    private static HttpSession wrap(HttpSession session) {
        return (HttpSession) Proxy.newProxyInstance(
                Wrapping.class.getClassLoader(), new Class<?>[] {HttpSession.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getAttribute") && arguments[0].equals("wrapped")) {
                        return "yes";
                    }
                    try {
                        return method.invoke(session, arguments);
                    } catch (InvocationTargetException failure) {
                        throw failure.getCause();
                    }
                });
    }
}
