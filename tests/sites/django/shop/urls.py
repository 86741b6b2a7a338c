from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic.base import RedirectView

from shop import views

urlpatterns = [
    path('', views.home),
    path('account/', views.account),
    path('guestbook/', views.guestbook),
    path('upload/', views.upload),
    path('broken/', views.broken),
    path('old/', RedirectView.as_view(url='/guestbook/')),
    path('login/', LoginView.as_view(template_name='page.html', extra_context={'title': 'Log in', 'release': views.release()})),
    path('logout/', LogoutView.as_view()),
    path('admin/', admin.site.urls),
]
